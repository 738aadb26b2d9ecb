"""Versions, stages, releases and retirements."""
