"""What the registry is written with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.machine import clock, files, timer

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Ledger, Repository
    from gitops_mlops.usecases.registry.registrar import Registrar


def gto_file(root: Path) -> bytes | None:
    """`.gto` of the working tree; without one nothing more is imported."""
    from gitops_mlops.domain.config.gto import GTO_FILE

    return files(root).read(GTO_FILE) if (root / GTO_FILE).exists() else None


def ledger(repository: Repository) -> Ledger:
    """What happened, on the ledger's branch of a repository."""
    from gitops_mlops.adapters.git.ledger import GitLedger

    return GitLedger(repository.root)


def registrar(repository: Repository) -> Registrar:
    """Who writes into the registry of a repository."""
    from gitops_mlops.adapters.files.journal import FileJournal
    from gitops_mlops.usecases.registry.registrar import Registrar

    return Registrar(repository, clock(), timer(), FileJournal(files(repository.storage())), ledger(repository))
