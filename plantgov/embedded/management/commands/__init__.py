"""Commands of the machine room."""
