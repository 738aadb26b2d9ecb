"""Read and write the ledger, and answer what was made of what."""
