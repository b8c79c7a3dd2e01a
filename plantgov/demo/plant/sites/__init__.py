"""The live devices of the demo's three sites."""
