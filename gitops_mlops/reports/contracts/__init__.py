"""Contracts and what breaks them."""
