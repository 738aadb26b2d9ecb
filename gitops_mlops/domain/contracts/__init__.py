"""Data contracts: what a table must be, what breaks it, and which change of a contract breaks whom."""
