"""What a look at every `dvc.lock` says: the stages, those that changed, and what is wrong."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.pipeline.stages import PipelineStage

if TYPE_CHECKING:
    # It is made of pydantic, and a hook that finds nothing wrong does without.
    from gitops_mlops.domain.config.root import Training

# Each of them may say something of any stage: what it does, or what is in the outputs that it reads.
_OF_DVC = ("dvc.yaml", "dvc.lock", ".dvc", ".dvcignore", ".gitignore")


@dataclass(frozen=True)
class StageStatus:
    """A stage of the `dvc.yaml` in `pipeline` (a folder from the repository's root), and whether it changed."""

    pipeline: str
    stage: PipelineStage
    changed: bool

    @property
    def lock(self) -> str:
        """The file that records the stage."""
        return posixpath.join(self.pipeline, "dvc.lock")

    @property
    def address(self) -> str:
        """What DVC calls the stage, seen from the repository's root."""
        return f"{self.pipeline}/dvc.yaml:{self.stage.name}" if self.pipeline else self.stage.name


@dataclass
class LockReport:
    """What is out of date, and what could not be told.

    `changed` names the stages that would run again, `stages` is every one that could be judged, `unjudged`
    the lock and the definition of the others. `unchecked` names those of which something could not be told, for the
    reasons in `remarks`. `unreadable` are the problems of files that must be fixed before more can be said. `data`
    is where DVC puts data.
    """

    problems: list[FileProblemLine] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    stages: list[StageStatus] = field(default_factory=list)
    data: set[str] = field(default_factory=set)
    unchecked: set[str] = field(default_factory=set)
    unjudged: set[tuple[str, str]] = field(default_factory=set)
    unreadable: list[FileProblemLine] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether it is certain that DVC would run nothing."""
        return not (self.problems or self.remarks or any(judged.stage.always for judged in self.stages))

    def as_ci_sees(self, training: Training) -> LockReport:
        """With `training: ci` a stage that changed is no problem of whoever changed it: CI will run it."""
        if training == "author":
            return self
        due = [f"{judged.lock}: CI will run stage {judged.stage.name!r}" for judged in self.stages if judged.changed]
        return replace(self, problems=sorted(set(self.unreadable)), remarks=[*self.remarks, *due])

    def untouched(self, edited: Collection[str]) -> set[str]:
        """Those of the unchecked stages that an edit of some paths leaves as they are, whatever they are.

        What a stage reads of which the definition could not be understood, is not known.
        """
        if any(path.endswith(_OF_DVC) for path in edited):
            return set()
        return {
            judged.address
            for judged in self.stages
            if not any(_meets(path, {*judged.stage.reads(), *judged.stage.configured()}) for path in edited)
        }

    def affected(self) -> list[StageStatus]:
        """The stages that changed, and those that depend on them, in the order of their files."""
        found = {judged.address: judged for judged in self.stages if judged.changed}
        places = {place for judged in found.values() for place in judged.stage.writes()}
        grown = True
        while grown:
            grown = False
            for judged in self.stages:
                if judged.address not in found and any(_meets(place, places) for place in judged.stage.reads()):
                    found[judged.address] = judged
                    places.update(judged.stage.writes())
                    grown = True
        return [judged for judged in self.stages if judged.address in found]


def _meets(place: str, places: set[str]) -> bool:
    """Whether a path is one of the places, in one of them, or holds one."""
    return any(place == one or place.startswith(f"{one}/") or one.startswith(f"{place}/") for one in places)
