"""Desired against observed: what the tags and `mlops.yaml` want, and what answers at each address."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.deployment.reconciliation import (
    Desired,
    DesiredVersion,
    Place,
    PlaceStatus,
    judge,
    noted,
    unconfigured,
)
from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.ports import DeployTarget, InferenceClient, Repository
from gitops_mlops.domain.registry.mainline import Mainline
from gitops_mlops.domain.registry.registry import Registry, StageAssignment
from gitops_mlops.usecases.registry.mainline import unmerged


def status(
    config: Config,
    repository: Repository,
    target: DeployTarget,
    client: InferenceClient,
    environments: Sequence[str] = (),
    model: str | None = None,
) -> list[PlaceStatus]:
    """Every place that the configuration names (or those selected), judged; stages in their order.

    After them, what was started from this clone and the configuration no longer names. Raises UsageError for an
    unknown name, EvidenceMissing when the tags cannot say what is wanted, or the clone what was merged.
    """
    left = left_over(config, target)
    chosen = places(config, environments, model, left)
    left = selected(left, environments, model)
    wanted = desired(repository, chosen, left)
    states = [observe(place, wanted[place], target, client, place not in left) for place in wanted]
    return _with_merges(states, config, repository)


def _with_merges(states: Sequence[PlaceStatus], config: Config, repository: Repository) -> list[PlaceStatus]:
    """The states, with what main does not hold of the versions that are wanted or run, where it must."""
    allowed = {name for name, environment in config.environments.items() if environment.allow_unmerged}
    named = {
        state.place: {each.commit: each.version for each in (state.running, state.wanted) if each}
        for state in states
        if state.place.environment not in allowed
    }
    commits = {commit for each in named.values() for commit in each}
    main, left = unmerged(repository, commits) if commits else (Mainline("", ()), set())
    return [
        noted(
            state,
            [main.unmerged(name, at) for at, name in named.get(state.place, {}).items() if at in left],
            state.place.environment in allowed,
        )
        for state in states
    ]


def places(
    config: Config, environments: Sequence[str] = (), model: str | None = None, left: Sequence[Place] = ()
) -> list[Place]:
    """The places of the selected environments and model (all where none is selected).

    Raises UsageError for a name that neither the configuration nor a place `left` over has, and for no place at all.
    """
    stages = {*config.environments, *(place.environment for place in left)}
    models = {*config.models, *(place.model for place in left)}
    for name in environments:
        if name not in stages:
            raise UsageError("there is no such environment", where=repr(name), hint=suggest(name, stages) or _NONE)
    if model is not None and model not in models:
        raise UsageError("there is no such model", where=repr(model), hint=suggest(model, models))
    found = selected(_configured(config), environments, model)
    if not found and not selected(left, environments, model):
        raise UsageError("no environment gives this a port", where=CONFIG_FILE, hint=_NONE)
    return found


def left_over(config: Config, target: DeployTarget) -> list[Place]:
    """What was started from this clone, still runs, and has no port in the configuration (any more)."""
    named = {(place.environment, place.model) for place in _configured(config)}
    return [place for place in target.known() if (place.environment, place.model) not in named]


def selected(found: Sequence[Place], environments: Sequence[str], model: str | None) -> list[Place]:
    """Those of the environments and the model; all where none is named."""
    return [
        place
        for place in found
        if (not environments or place.environment in environments) and model in (None, place.model)
    ]


def _configured(config: Config) -> list[Place]:
    return [
        Place(stage, name, config.environments[stage].host, port)
        for stage in config.stages()
        for name in config.models
        if (port := config.environments[stage].port_of(name)) is not None
    ]


def desired(repository: Repository, chosen: Sequence[Place], left: Sequence[Place] = ()) -> dict[Place, Desired]:
    """What the tags want at each place; nothing runs at those `left` over, so that only a tombstone counts there.

    Raises EvidenceMissing when there is no telling, or nothing anywhere.
    """
    if repository.is_shallow():
        raise MissingEvidence(
            "this clone is shallow, so the registry in its tags may be incomplete",
            hint="git fetch --unshallow --tags",
        )
    registry = Registry.from_tags(repository.tags())
    wanted = {place: _desired(registry, place) for place in chosen}
    wanted |= {place: registry.emptied(place.model, place.environment) for place in left}
    if chosen and not any(wanted.values()):
        named = ", ".join(sorted({place.environment for place in chosen}))
        unnamed = f", also {', '.join(map(str, left))}, which mlops.yaml does not name" if left else ""
        raise MissingEvidence(
            f"no version is assigned to {named}; what runs is left alone{unnamed}",
            hint=f"git fetch --tags, or gitops-mlops promote {chosen[0].model} {chosen[0].environment}",
        )
    return wanted


def observe(
    place: Place, wanted: Desired, target: DeployTarget, client: InferenceClient, configured: bool = True
) -> PlaceStatus:
    """A place, judged by what answers there now."""
    held, running = target.look(place), client.running(place.address, place.model)
    state = judge(place, wanted, held, running)
    return state if configured else unconfigured(state)


def _desired(registry: Registry, place: Place) -> Desired:
    assignment = registry.assignment(place.model, place.environment)
    return _wanted(registry, assignment) if assignment else registry.emptied(place.model, place.environment)


def _wanted(registry: Registry, assignment: StageAssignment) -> DesiredVersion:
    version = registry.version(assignment.artifact, assignment.version) if assignment.version else None
    return DesiredVersion(
        version=version_name(assignment.version, assignment.commit),
        commit=assignment.commit,
        since=assignment.since,
        by=assignment.author,
        model_sha256=version.evidence.model_sha256 if version else assignment.evidence.model_sha256,
    )


_NONE = "see environments in mlops.yaml"
