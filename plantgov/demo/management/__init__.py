"""Doors of the demonstration."""
