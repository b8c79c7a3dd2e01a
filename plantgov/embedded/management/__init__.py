"""Doors of the machine room."""
