"""Write a first contract from data."""

from __future__ import annotations

from pathlib import Path

from gitops_mlops.domain.contracts.inference import InferredContract, infer_contract
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.ports import Tables


def infer_from_table(data: Path, name: str, tables: Tables) -> InferredContract:
    """A contract that the table keeps. Raises EvidenceMissing for a table without rows or describable columns."""
    profile = tables.profile(data, name)
    if profile.rows == 0:
        raise MissingEvidence("the table has no rows to learn from", where=name, hint="give it a typical table")
    try:
        return infer_contract(profile, f"First written from {name}")
    except ValueError as error:
        raise MissingEvidence(str(error), where=name) from error
