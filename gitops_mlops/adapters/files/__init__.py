"""The file system: the working tree, folders that are whole or absent, and what is kept in them."""
