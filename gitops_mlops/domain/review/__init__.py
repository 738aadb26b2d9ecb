"""A pull request as a whole, and what the forge knows of it."""
