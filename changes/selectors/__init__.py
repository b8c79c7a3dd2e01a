"""Reading changes, within the reader's scope."""
