"""What `init` writes, and what becomes of it later."""
