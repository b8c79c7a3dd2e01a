"""The log's arithmetic: trees, notes and the bytes of signatures, without a query."""
