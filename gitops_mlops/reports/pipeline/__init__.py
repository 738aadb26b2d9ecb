"""The pipeline's runs and its lock."""
