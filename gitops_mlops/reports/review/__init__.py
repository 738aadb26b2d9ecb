"""A review as one comment."""
