"""The servers behind the fronts, one module a protocol, each built on a public library."""
