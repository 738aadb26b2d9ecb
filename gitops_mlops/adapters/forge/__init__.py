"""Forges: GitHub, and what speaks its API."""

from gitops_mlops.adapters.forge.github import GitHub
from gitops_mlops.adapters.forge.transport import ForgeTransport

__all__ = ["ForgeTransport", "GitHub"]
