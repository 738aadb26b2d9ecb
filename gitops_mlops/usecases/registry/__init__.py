"""Write and read the registry."""
