"""The machine: its clock, its packages and its programs."""
