"""Targets, bundles, and where it is remembered what runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_mlops.bootstrap.contracts import rows
from gitops_mlops.bootstrap.lineage import tag_evidence
from gitops_mlops.bootstrap.machine import clock, files, timer
from gitops_mlops.bootstrap.pipeline import data_store
from gitops_mlops.domain.errors import UsageError

if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config
    from gitops_mlops.domain.config.values import TargetKind
    from gitops_mlops.domain.ports import DeployTarget, Files, InferenceClient, Repository
    from gitops_mlops.usecases.deployment.bundle import BundleSources
    from gitops_mlops.usecases.deployment.health_gate import DeployPorts


def state_folder(root: Path, chosen: Path | None = None) -> Files:
    """Where it is remembered what runs: in the repository unless somebody chose a folder."""
    return files(chosen or files(root).resolve(".gitops-mlops"))


def process_target(root: Path, state: Path | None = None) -> DeployTarget:
    """Processes of this machine. Raises UsageError where the kernel cannot do what it takes."""
    if os.name != "posix":
        raise UsageError("the process target needs Linux or macOS", where="mlops.yaml")
    from gitops_mlops.adapters.targets.process import ProcessTarget

    return ProcessTarget(state_folder(root, state), clock())


# The kinds of targets by their name in `mlops.yaml`; a kind is a folder of `adapters/targets`.
TARGETS: dict[TargetKind, Callable[[Path, Path | None], DeployTarget]] = {"process": process_target}


def target(root: Path, config: Config, state: Path | None = None) -> DeployTarget:
    """Where versions run: each environment's by what `mlops.yaml` says of it."""
    from gitops_mlops.usecases.deployment.targets import EnvironmentTargets

    return EnvironmentTargets(config, {kind: make(root, state) for kind, make in TARGETS.items()})


def inference() -> InferenceClient:
    """The client of served models."""
    from gitops_mlops.adapters.inference import HttpInference

    return HttpInference()


def bundle_sources(repository: Repository, state: Path | None = None) -> BundleSources:
    """Where the parts of a bundle come from, and where bundles are kept."""
    from gitops_mlops.adapters.files.bundles import BundleFolder
    from gitops_mlops.adapters.machine.packages import OF_A_MODEL, versions
    from gitops_mlops.adapters.targets.process.golden import GoldenProcess
    from gitops_mlops.usecases.deployment.bundle import BundleSources

    store = BundleFolder(state_folder(repository.root, state))
    packages, golden = versions(OF_A_MODEL), GoldenProcess()
    return BundleSources(
        repository, data_store(repository), rows(), store, packages, tag_evidence(repository), golden
    )


def deploy_ports(root: Path, config: Config, state: Path | None = None) -> DeployPorts:
    """What a deploy acts on."""
    return _ports(target(root, config, state))


@contextmanager
def scratch_deploy_ports() -> Iterator[DeployPorts]:
    """The same for one server of this machine, in a temporary folder that leaves nothing behind."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitops-mlops-") as folder:
        yield _ports(process_target(Path(folder)))


def _ports(where: DeployTarget) -> DeployPorts:
    from gitops_mlops.usecases.deployment.health_gate import DeployPorts

    return DeployPorts(where, inference(), clock(), timer())
