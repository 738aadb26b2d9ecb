"""Challenger against champion: rows, scores, gates, slices, leakage, and the report."""
