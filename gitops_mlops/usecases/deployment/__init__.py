"""Bring what runs to what is assigned."""
