"""What was made of what, and what happened: the ledger, ancestry and OpenLineage."""
