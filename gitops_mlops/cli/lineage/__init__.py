"""Commands of lineage and the ledger."""
