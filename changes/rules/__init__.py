"""Pure rules: no query, no clock. Each answers with reasons, and an empty list means yes."""
