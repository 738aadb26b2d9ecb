"""From CML to us."""
