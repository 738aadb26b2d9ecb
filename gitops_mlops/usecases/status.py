"""Desired against observed: what the tags and `mlops.yaml` want, and what answers at each address."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_mlops.domain.config import CONFIG_FILE, Config
from gitops_mlops.domain.deployment import Deployment, Place, Wanted, judge
from gitops_mlops.domain.errors import EvidenceMissing, UsageError
from gitops_mlops.domain.names import perhaps
from gitops_mlops.domain.ports import InferenceClient, Repository, Target
from gitops_mlops.domain.registry import Assignment, Registry


def status(
    config: Config,
    repository: Repository,
    target: Target,
    client: InferenceClient,
    environments: Sequence[str] = (),
    model: str | None = None,
) -> list[Deployment]:
    """Every place that the configuration names (or those selected), judged; stages in their order.

    Raises UsageError for an unknown name, EvidenceMissing when the tags cannot say what is wanted.
    """
    chosen = places(config, environments, model)
    wanted = assigned(repository, chosen)
    return [observe(place, wanted[place], target, client) for place in chosen]


def places(config: Config, environments: Sequence[str] = (), model: str | None = None) -> list[Place]:
    """The places of the selected environments and model (all where none is selected)."""
    for name in environments:
        if name not in config.environments:
            raise UsageError(
                "there is no such environment", where=repr(name), hint=perhaps(name, config.environments) or _NONE
            )
    if model is not None and model not in config.models:
        raise UsageError("there is no such model", where=repr(model), hint=perhaps(model, config.models))
    found = []
    for stage in config.stages():
        environment = config.environments[stage]
        for name in config.models:
            port = environment.port_of(name)
            if port is not None and (not environments or stage in environments) and model in (None, name):
                found.append(Place(stage, name, environment.host, port))
    if not found:
        raise UsageError("no environment gives this a port", where=CONFIG_FILE, hint=_NONE)
    return found


def assigned(repository: Repository, chosen: Sequence[Place]) -> dict[Place, Wanted | None]:
    """What the tags want at each place. Raises EvidenceMissing when there is no telling, or nothing anywhere."""
    if repository.is_shallow():
        raise EvidenceMissing(
            "this clone is shallow, so the registry in its tags may be incomplete",
            hint="git fetch --unshallow --tags",
        )
    registry = Registry.from_tags(repository.tags())
    wanted = {place: _wanted(registry, registry.assignment(place.model, place.environment)) for place in chosen}
    if not any(wanted.values()):
        named = ", ".join(sorted({place.environment for place in chosen}))
        raise EvidenceMissing(
            f"no version is assigned to {named}; what runs is left alone",
            hint=f"git fetch --tags, or gitops-mlops promote {chosen[0].model} {chosen[0].environment}",
        )
    return wanted


def observe(place: Place, wanted: Wanted | None, target: Target, client: InferenceClient) -> Deployment:
    """A place, judged by what answers there now."""
    return judge(place, wanted, target.look(place), client.running(place.address, place.model))


def _wanted(registry: Registry, assignment: Assignment | None) -> Wanted | None:
    if assignment is None:
        return None
    version = registry.version(assignment.artifact, assignment.version) if assignment.version else None
    return Wanted(
        version=assignment.version or assignment.commit[:7],
        commit=assignment.commit,
        since=assignment.created,
        by=assignment.author,
        model_sha256=version.evidence.model_sha256 if version else assignment.evidence.model_sha256,
    )


_NONE = "see environments in mlops.yaml"
