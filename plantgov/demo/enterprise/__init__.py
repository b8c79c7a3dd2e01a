"""The invented enterprise that `make run` shows."""
