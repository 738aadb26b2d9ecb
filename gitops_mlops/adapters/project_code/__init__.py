"""Code of the project: its functions, and models that only its own code can load."""
