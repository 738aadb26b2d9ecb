"""Decisions and data: values in, values out; no I/O, no clock, no environment."""
