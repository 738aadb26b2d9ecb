"""Which version enters an environment by itself, when it is taken back, and what became of each model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.errors import DONE
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.evidence import REASON, REPLACES, RUN
from gitops_mlops.domain.registry.ledger import DEPLOYED, DEPLOYMENT, FAILED, REFUSED, LedgerEvent
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, RegistryEvent
from gitops_mlops.domain.registry.semver import precedence
from gitops_mlops.domain.registry.tags import TagAction

SCHEMA = "gitops-mlops/rollout/2"
# How the reason of a rollback begins that nobody asked for.
BY_ITSELF = "by rollout: "


class RolloutResult(StrEnum):
    """How a model ended. `REFUSED`: what is assigned was rejected, and there was nothing to go back to."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    DEPLOYED = "deployed"
    STOPPED = "stopped"
    EMPTY = "empty"
    ROLLED_BACK = "rolled back"
    REFUSED = "refused"
    FAILED = "failed"


class ModelRollout(NamedTuple):
    """What became of a model. `previous` and `current` are versions, "" for none; `code` is the exit code.

    `waiting` is a version that may not enter yet, and `refusals` what it lacks. `cause` is what failed, as
    `domain.faults` has it.
    """

    model: str
    result: RolloutResult
    previous: str = ""
    current: str = ""
    reason: str = ""
    address: str = ""
    waiting: str = ""
    refusals: tuple[RuleRefusal, ...] = ()
    code: int = DONE
    cause: str = ""


class Rollout(NamedTuple):
    """What a rollout did in an environment, at a commit of the main branch."""

    environment: str
    commit: str
    models: tuple[ModelRollout, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: of several the gravest."""
        return max([DONE, *(model.code for model in self.models)])


class ReturnedVersion(NamedTuple):
    """A version that a rollout took out of a stage, and the version and commit that it went back to."""

    version: str
    commit: str
    back_to: str
    reason: str
    tag: str
    run: str


def candidate(
    registry: Registry,
    model: str,
    stage: str,
    after: str | None,
    on_main: Callable[[str], bool],
    told: Sequence[LedgerEvent] = (),
) -> RegisteredVersion | None:
    """The version that may ask to enter a stage: what the stage `after` holds, else the greatest on main.

    A version has one attempt: whatever the stage ever held, and what is not greater than all of that, does not
    enter by itself; but for what was `passed_over`, by what the ledger has `told`. Nor does anything enter a stage
    that is empty on purpose.
    """
    if registry.emptied(model, stage):
        return None
    tried = [precedence(each.version) for each in entries(registry, model, stage) if each.version]
    again = passed_over(registry, model, stage, told)
    for version in [*_proposed(registry, model, after), *again]:
        fresh = not tried or precedence(version.version) > max(tried)
        if (fresh or version in again) and on_main(version.commit):
            return version
    return None


def passed_over(
    registry: Registry, model: str, stage: str, told: Sequence[LedgerEvent]
) -> Sequence[RegisteredVersion]:
    """The versions that still have their attempt in a stage where a rollout took back a later one; greatest first.

    They entered and failed by the place, say, so that no verdict was spoken, and the rollback went past them. What a
    rollback ever left is none of them.
    """
    held = registry.assignment(model, stage)
    if taken_back(registry, model, stage) is None or held is None or held.version is None:
        return []
    entered = {each.commit for each in entries(registry, model, stage)} - _left_behind(registry, model, stage)
    commits = entered & _unjudged(model, stage, told)
    return [
        version
        for version in registry.versions(model)
        if version.active and version.commit in commits and precedence(version.version) > precedence(held.version)
    ]


def _left_behind(registry: Registry, model: str, stage: str) -> set[str]:
    """The commits that a stage left for a lower version."""
    moves = pairwise(entries(registry, model, stage))
    return {old.commit for new, old in moves if _is_back(new, old)}


def _is_back(new: RegistryEvent, old: RegistryEvent) -> bool:
    return bool(new.version and old.version) and precedence(str(new.version)) < precedence(str(old.version))


def _unjudged(model: str, stage: str, told: Iterable[LedgerEvent]) -> set[str]:
    """The commits that failed in a stage through no fault of their own, and of which nothing else is known there."""
    results: dict[str, set[str]] = {}
    for event in _deployments(model, stage, told):
        results.setdefault(event.commit, set()).add(event.result)
    return {commit for commit, seen in results.items() if FAILED in seen and not seen & {DEPLOYED, REFUSED}}


def _proposed(registry: Registry, model: str, after: str | None) -> Iterable[RegisteredVersion]:
    if after is None:
        return [version for version in registry.versions(model) if version.active]
    held = registry.assignment(model, after)
    version = registry.version(model, held.version) if held and held.version else None
    return [version] if version else []


def entries(registry: Registry, model: str, stage: str) -> list[RegistryEvent]:
    """The assignments to a stage, the newest first."""
    return [each for each in registry.events(model) if each.stage == stage and each.action is TagAction.ASSIGN]


def on_trial(registry: Registry, model: str, stage: str, told: Iterable[LedgerEvent]) -> bool:
    """Whether what a stage holds entered it for an attempt, and never served there: a failure is then its own.

    What served before, or came back by a rollback, fails for a reason of the place; leaving it would not help.
    """
    held, events = registry.assignment(model, stage), list(told)
    if held is None or held.commit in served(model, stage, events):
        return False
    moves = entries(registry, model, stage)
    if sum(each.commit == held.commit for each in moves) == 1:
        return True
    return not _is_back(*moves[:2]) and held.commit in _unjudged(model, stage, events)


def served(model: str, stage: str, told: Iterable[LedgerEvent]) -> frozenset[str]:
    """The commits of the versions that served in a stage."""
    return frozenset(event.commit for event in _deployments(model, stage, told) if event.result == DEPLOYED)


def _deployments(model: str, stage: str, told: Iterable[LedgerEvent]) -> Iterator[LedgerEvent]:
    place = (DEPLOYMENT, model, stage)
    return (event for event in told if (event.kind, event.model, event.environment) == place)


def taken_back(registry: Registry, model: str, stage: str) -> ReturnedVersion | None:
    """What a rollout took back, when nothing entered the stage since."""
    last = next((each for each in registry.events(model) if each.stage == stage), None)
    if last is None or not last.evidence.one(REASON).startswith(BY_ITSELF):
        return None
    name = last.evidence.one(REPLACES)
    left = next((each for each in registry.versions(model) if each.version == name), None)
    reason = last.evidence.one(REASON).removeprefix(BY_ITSELF)
    return ReturnedVersion(
        name,
        left.commit if left else "",
        version_name(last.version, last.commit),
        reason,
        last.tag,
        last.evidence.one(RUN),
    )
