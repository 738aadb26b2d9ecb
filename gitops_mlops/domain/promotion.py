"""Whether a version may enter a stage."""

from __future__ import annotations

from gitops_mlops.domain.change import Refusal
from gitops_mlops.domain.config import Config
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import perhaps
from gitops_mlops.domain.registry import Registry, Version
from gitops_mlops.domain.tags import Action


def require_stage(config: Config, stage: str) -> None:
    """Raises UsageError for a stage that no environment has."""
    if stage not in config.environments:
        hint = perhaps(stage, config.environments) or "add it under environments: in mlops.yaml"
        raise UsageError(f"no environment is called {stage!r}", where="mlops.yaml", hint=hint)


def order_refusals(config: Config, registry: Registry, version: Version, stage: str) -> tuple[Refusal, ...]:
    """Why the order of stages stands against a promotion: the stage before never held the version."""
    before = config.environments[stage].after
    if before is None or held(registry, version, before):
        return ()
    now = registry.assignment(version.artifact, before)
    seen = f"{before} holds {now.version or now.commit[:10] if now else 'no version'}"
    wanted = f"gitops-mlops promote {version.artifact}@{version.version} {before}"
    return (Refusal(f"{stage} comes after {before}", seen, wanted),)


def held(registry: Registry, version: Version, stage: str) -> bool:
    """Whether a stage holds, or ever held, the version."""
    return any(
        event.action is Action.ASSIGN and event.stage == stage and event.commit == version.commit
        for event in registry.events(version.artifact)
    )
