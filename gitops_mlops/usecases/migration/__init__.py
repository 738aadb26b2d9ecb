"""Bring workflows from CML to us."""
