"""Commands of new projects."""
