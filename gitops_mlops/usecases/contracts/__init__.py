"""Data held against contracts, and contracts against each other."""
