"""A migration as a diff."""
