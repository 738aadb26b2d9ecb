"""Commands of data and contracts."""
