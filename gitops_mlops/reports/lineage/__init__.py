"""Lineage, the ledger, and what differs between versions."""
