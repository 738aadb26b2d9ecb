"""What a rollout is asked for, and what it acts on."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_mlops.domain.ports import Forge, Ledger
from gitops_mlops.domain.registry.evidence import Trailer
from gitops_mlops.usecases.deployment.bundle import BundleSources
from gitops_mlops.usecases.deployment.deploy import Tell
from gitops_mlops.usecases.deployment.health_gate import DeployPorts
from gitops_mlops.usecases.registry.registrar import Registrar


@dataclass(frozen=True)
class RolloutRequest:
    """What was asked for; `promoting` lets versions enter, `notes` are trailers of the tags, `web` is shown there."""

    environment: str
    promoting: bool = True
    notes: tuple[Trailer, ...] = ()
    web: str = ""
    dry_run: bool = False
    push: bool = False


@dataclass(frozen=True)
class RolloutPorts:
    """What a rollout reads, and acts on. Without a forge nothing is told, and no review can be asked for."""

    registrar: Registrar
    sources: BundleSources
    deployment: DeployPorts
    ledger: Ledger
    forge: Forge | None
    tell: Tell
