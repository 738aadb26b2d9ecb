"""Compare models on the same rows."""
