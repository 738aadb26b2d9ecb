"""What runs: servers, bundles, and where they are remembered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.data import data_store, rows
from gitops_mlops.bootstrap.machine import clock, files, ledger, timer
from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import DeployTarget, Files, InferenceClient, Repository
    from gitops_mlops.usecases.deployment.bundle import BundleSources
    from gitops_mlops.usecases.deployment.health_gate import DeployPorts
    from gitops_mlops.usecases.lineage.integrity import TagEvidence


def state_folder(root: Path, chosen: Path | None = None) -> Files:
    """Where it is remembered what runs: in the repository unless somebody chose a folder."""
    return files(chosen or files(root).resolve(".gitops-mlops"))


def target(root: Path, state: Path | None = None) -> DeployTarget:
    """Where versions run: processes of this machine. Raises UsageError where the kernel cannot do what it takes."""
    if os.name != "posix":
        raise UsageError("the process target needs Linux or macOS", where="mlops.yaml")
    from gitops_mlops.adapters.process import ProcessTarget

    return ProcessTarget(state_folder(root, state), clock())


def inference() -> InferenceClient:
    """The client of served models."""
    from gitops_mlops.adapters.inference import HttpInference

    return HttpInference()


def bundle_sources(repository: Repository, state: Path | None = None) -> BundleSources:
    """Where the parts of a bundle come from, and where bundles are kept."""
    from gitops_mlops.adapters.bundles import BundleFolder
    from gitops_mlops.adapters.installed import OF_A_MODEL, versions
    from gitops_mlops.adapters.process.golden import GoldenProcess
    from gitops_mlops.usecases.deployment.bundle import BundleSources

    store = BundleFolder(state_folder(repository.root, state))
    packages, golden = versions(OF_A_MODEL), GoldenProcess()
    return BundleSources(repository, data_store(repository), rows(), store, packages, witnesses(repository), golden)


def witnesses(repository: Repository) -> TagEvidence:
    """What tells that the tags of a repository are those that were made."""
    from gitops_mlops.usecases.lineage.integrity import TagEvidence

    return TagEvidence(data_store(repository), ledger(repository))


def world(root: Path, state: Path | None = None) -> DeployPorts:
    """What a deploy acts on."""
    from gitops_mlops.usecases.deployment.health_gate import DeployPorts

    return DeployPorts(target(root, state), inference(), clock(), timer())


@contextmanager
def scratch_world() -> Iterator[DeployPorts]:
    """The same in a temporary folder, which leaves nothing behind."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitops-mlops-") as folder:
        yield world(Path(folder))
