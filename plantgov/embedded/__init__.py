"""The machine room: launcher of the embedded servers, supervisor, backup and restore."""
