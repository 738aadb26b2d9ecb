"""Commands of pull requests."""
