"""Bringing register files in: read, check every row, show what would change, apply all or nothing."""
