"""Files that strangers may have written: YAML, its scalars, typed models out of it, and patterns."""
