"""Compare two versions of a contract."""

from __future__ import annotations

from gitops_mlops.domain.contracts.compatibility import ContractChange, compare_contracts
from gitops_mlops.domain.contracts.contract import Contract, parse_contract
from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.ports import Repository


def diff_contracts(old: bytes, old_name: str, new: bytes, new_name: str) -> list[ContractChange]:
    """What changed. Raises ConfigError for content that is not a contract."""
    return compare_contracts(_parsed(old, old_name), _parsed(new, new_name))


def read_at(reference: str, repository: Repository) -> bytes:
    """The file that `REV:path` names; the path is from the repository's root.

    Raises EvidenceMissing when there is no such revision, or no such file in it.
    """
    revision, _, path = reference.partition(":")
    content = repository.read(revision, path)
    if content is None:
        raise MissingEvidence(
            "there is no such file at that revision", where=reference, hint="paths are from the root"
        )
    return content


def _parsed(content: bytes, name: str) -> Contract:
    return parse_contract(content, name)
