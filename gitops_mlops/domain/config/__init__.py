"""`mlops.yaml`: values, sections, and what the sections ask of each other and of other files."""
