"""A GitOps toolkit for machine learning: the git repository is the source of truth."""

__version__ = "0.1.0"
