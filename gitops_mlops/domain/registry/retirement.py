"""The retirement policy of a model: which versions it proposes to take out of use, and why. It retires nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from gitops_mlops.domain.config.retirement import RetirementPolicy
from gitops_mlops.domain.digests import version_name
from gitops_mlops.domain.durations import span
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, StageAssignment
from gitops_mlops.domain.registry.semver import precedence

DriftRecord = Mapping[tuple[str, str], tuple[datetime, ...]]
"""By model and environment, when a monitor found drift; a pair that is absent was never watched."""


if TYPE_CHECKING:
    from gitops_mlops.domain.config.root import Config


class RetirementProposal(NamedTuple):
    """A version that a rule would take out of `target`. `observed` and `threshold` are seconds, or drift findings."""

    model: str
    target: str
    version: str
    rule: str
    observed: float
    threshold: float
    reason: str
    command: str


class RetirementReview(NamedTuple):
    """What the policies propose; `not_judged` says, a line each, which rule had nothing to judge by."""

    proposals: tuple[RetirementProposal, ...]
    not_judged: tuple[str, ...]


def review(config: Config, registry: Registry, now: datetime, drift: DriftRecord) -> RetirementReview:
    """The proposals of every model that has a policy, in the order of `mlops.yaml`."""
    proposals: list[RetirementProposal] = []
    unjudged: list[str] = []
    for name, model in config.models.items():
        if model.retirement is not None:
            judge = _RetirementRules(config, registry, now, drift, name, model.retirement)
            proposals += [*judge.too_old(), *judge.unused(), *judge.superseded(), *judge.drifted(unjudged)]
    return RetirementReview(tuple(proposals), tuple(unjudged))


class _RetirementRules:
    """The rules, asked of one model."""

    def __init__(
        self,
        config: Config,
        registry: Registry,
        now: datetime,
        drift: DriftRecord,
        name: str,
        policy: RetirementPolicy,
    ) -> None:
        self._config, self._now, self._drift = config, now, drift
        self._name, self._policy = name, policy
        self._versions = [version for version in registry.versions(name) if version.active]
        self._held = registry.assignments(name)
        self._stays = registry.timeline(name).stays

    def too_old(self) -> Iterator[RetirementProposal]:
        """A stage holds a version that was registered longer ago than max-age."""
        limit = self._policy.max_age
        for stage, held, version in self._standing():
            age = self._since(version.created)
            if limit is not None and age > limit:
                yield self._retire(f"#{stage}", held, "max-age", age, limit, f"{version.version} is {span(age)} old")

    def unused(self) -> Iterator[RetirementProposal]:
        """No stage has held an active version for longer than this; one that none ever held counts from its birth."""
        limit = self._policy.unused
        holding = {held.commit for held in self._held.values()}
        for version in self._versions if limit is not None else ():
            left = [stay.left for stay in self._stays if stay.commit == version.commit and stay.left]
            idle = self._since(max([version.created, *left]))
            if version.commit not in holding and limit is not None and idle > limit:
                why = f"no stage has held {version.version} for {span(idle)}"
                yield self._retire(f"@{version.version}", version, "unused", idle, limit, why)

    def superseded(self) -> Iterator[RetirementProposal]:
        """A greater version has held the stage next to this one, before or after it, for longer than this."""
        limit = self._policy.superseded
        for stage, _, version in self._standing():
            better = [
                (self._since(other.since), other)
                for other in (self._held.get(name) for name in self._beside(stage))
                if other and other.version and precedence(other.version) > precedence(version.version)
            ]
            if better and limit is not None and (longest := max(better, key=lambda each: each[0]))[0] > limit:
                seen, other = longest
                yield RetirementProposal(
                    self._name,
                    f"{self._name}#{stage}",
                    version.version,
                    "superseded",
                    seen,
                    limit,
                    f"{other.stage} has held {other.version} for {span(seen)}",
                    f"gitops-mlops promote {self._name}@{other.version} {stage}",
                )

    def drifted(self, unjudged: list[str]) -> Iterator[RetirementProposal]:
        """Drift was found at least so often since the version entered its stage."""
        limit = self._policy.drift
        for stage, held in self._held.items() if limit is not None else ():
            target = f"{self._name}#{stage}"
            found = self._drift.get((self._name, stage))
            if found is None:
                unjudged.append(f"{target}: the ledger has no drift record, so drift is not judged")
                continue
            count = sum(moment >= held.since for moment in found)
            if limit is not None and count >= limit:
                why = f"{count} drift findings since {version_name(held.version, held.commit)} entered {stage}"
                yield self._retire(f"#{stage}", held, "drift", count, limit, why)

    def _standing(self) -> Iterator[tuple[str, StageAssignment, RegisteredVersion]]:
        """Every stage that holds a registered version."""
        by_name = {version.version: version for version in self._versions}
        for stage, held in self._held.items():
            if held.version in by_name:
                yield stage, held, by_name[held.version]

    def _beside(self, stage: str) -> Iterator[str]:
        environments = self._config.environments
        if stage in environments:
            before = environments[stage].after
            yield from [before] if before else []
            yield from (name for name, other in environments.items() if other.after == stage)

    def _since(self, moment: datetime) -> float:
        return (self._now - moment).total_seconds()

    def _retire(
        self, where: str, version: RegisteredVersion | StageAssignment, rule: str, seen: float, limit: float, why: str
    ) -> RetirementProposal:
        target = f"{self._name}{where}"
        command = f"gitops-mlops retire {target} --reason {shlex.quote(why)}"
        return RetirementProposal(
            self._name, target, version_name(version.version, version.commit), rule, seen, limit, why, command
        )
