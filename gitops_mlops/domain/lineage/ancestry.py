"""From a file back to everything that it was made of, by what DVC recorded in one commit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.pipeline.records import PipelineRecords, RecordedItem, RecordedStep


class ProducedItem(NamedTuple):
    """An item, the step that made it (None for raw input) and under which name: a folder's, of a file in it."""

    item: RecordedItem
    step: RecordedStep | None
    output: RecordedItem | None


@dataclass(frozen=True)
class Ancestry:
    """What lies behind a file. `made` is in the order of a walk from the file backwards; the file is the first.

    `circles` are steps that come before themselves, which DVC does not allow; `stale` says of an item that the
    step that makes it recorded another digest.
    """

    made: tuple[ProducedItem, ...]
    circles: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def items(self) -> frozenset[tuple[str, str]]:
        """Path and digest of everything that the file was made of, and of itself."""
        inner = (each.output for each in self.made if each.output and _is_inside(each.output.path, each.item.path))
        return frozenset((item.path, item.digest) for item in (*(each.item for each in self.made), *inner))

    @property
    def folders(self) -> frozenset[tuple[str, str]]:
        """Path and digest of the tracked folders of which only a part was read."""
        return frozenset(
            (each.output.path, each.output.digest)
            for each in self.made
            if each.output and _is_inside(each.item.path, each.output.path)
        )

    @property
    def steps(self) -> tuple[RecordedStep, ...]:
        """The steps, each once."""
        return tuple({each.step.name: each.step for each in self.made if each.step}.values())


class Producers:
    """Which step makes a path: the one that has it as an output, or a folder around it, or files inside it."""

    def __init__(self, records: PipelineRecords) -> None:
        self._steps = records.steps

    @cached_property
    def _outputs(self) -> Mapping[str, tuple[RecordedStep, RecordedItem]]:
        return {item.path: (step, item) for step in self._steps for item in step.outs}

    @cached_property
    def _inside(self) -> Mapping[str, tuple[str, ...]]:
        """The outputs below each folder."""
        found: dict[str, list[str]] = {}
        for path in self._outputs:
            for folder in _folders(path):
                found.setdefault(folder, []).append(path)
        return {folder: tuple(paths) for folder, paths in found.items()}

    def of(self, path: str) -> list[tuple[RecordedStep, RecordedItem]]:
        """The steps and the outputs of theirs that hold the path, or are held by it."""
        around = next((name for name in (path, *_folders(path)) if name in self._outputs), None)
        names = (around,) if around is not None else self._inside.get(path, ())
        return [self._outputs[name] for name in names]

    def model(self, path: str) -> RecordedItem | None:
        """What is recorded of a file that a step makes, or of the folder that holds it."""
        names = (path, *_folders(path))
        return next((self._outputs[name][1] for name in names if name in self._outputs), None)

    def with_digest(self, md5: str) -> RecordedItem | None:
        """The only output of this digest."""
        found = [item for _, item in self._outputs.values() if item.digest == md5]
        return found[0] if len(found) == 1 else None


def ancestry(producers: Producers, start: RecordedItem) -> Ancestry:
    """Walk backwards from an item. Never loops, whatever the records say."""
    made: list[ProducedItem] = []
    stale: list[str] = []
    seen: set[tuple[str, str]] = set()
    waiting = deque([start])
    steps: dict[str, set[str]] = {}
    while waiting:
        item = waiting.popleft()
        if (item.path, item.digest) in seen:
            continue
        seen.add((item.path, item.digest))
        found = [] if item.origin else producers.of(item.path)
        for step, output in found:
            if output.path == item.path and output.digest != item.digest:
                stale.append(
                    f"{item.path}: a step read {short_sha(item.digest)}, "
                    f"but {step.name} made {short_sha(output.digest)}"
                )
                continue
            made.append(ProducedItem(item, step, output))
            if step.name not in steps:
                steps[step.name] = {each.name for dep in step.deps for each, _ in producers.of(dep.path)}
                waiting.extend(step.deps)
        if not made or made[-1].item != item:
            made.append(ProducedItem(item, None, None))
    return Ancestry(tuple(made), tuple(_circles(steps)), tuple(stale))


def origins(records: PipelineRecords, artifact: str, md5: str) -> tuple[Ancestry | None, tuple[str, ...]]:
    """What lies behind an artifact, and what stands in the way of telling.

    `md5` is the model's own, as it was written down when the version was registered; "" when it was not.
    """
    producers = Producers(records)
    path = records.artifacts.get(artifact)
    found = producers.model(path) if path else producers.with_digest(md5)
    if found is None:
        missing = f"dvc.lock does not record {path}" if path else f"dvc.yaml declares no artifact {artifact}"
        return None, (*records.gaps, missing)
    gaps = [*records.gaps]
    if md5 and found.digest != md5:
        gaps.append(
            f"dvc.lock records {found.path} as {short_sha(found.digest)}, "
            f"the version was registered as {short_sha(md5)}"
        )
    told = ancestry(producers, found)
    gaps += told.stale
    if told.circles:
        gaps.append(f"dvc.lock has a cycle: {', '.join(told.circles)}")
    return told, tuple(gaps)


def about(records: PipelineRecords, artifact: str) -> PipelineRecords:
    """The steps that make an artifact, those that use it, and all that these have to do with."""
    producers = Producers(records)
    makers: dict[str, set[str]] = {step.name: set() for step in records.steps}
    for step in records.steps:
        for maker in (each for dep in step.deps if not dep.origin for each, _ in producers.of(dep.path)):
            makers[step.name].add(maker.name)
            makers[maker.name].add(step.name)
    start = {step.name for step, _ in producers.of(records.artifacts.get(artifact, ""))}
    near = start.union(*(_reached(name, makers) for name in start))
    steps = tuple(step for step in records.steps if step.name in near)
    artifacts = {artifact: records.artifacts[artifact]} if artifact in records.artifacts else {}
    return PipelineRecords(steps, artifacts, records.gaps)


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _folders(path: str) -> Iterable[str]:
    """`a/b/c` → `a/b`, `a`."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _circles(steps: Mapping[str, set[str]]) -> list[str]:
    """Steps that are before themselves, in the order of their names."""
    left = {name: {one for one in before if one in steps} for name, before in steps.items()}
    while free := [name for name, before in left.items() if not before]:
        for name in free:
            del left[name]
        for before in left.values():
            before.difference_update(free)
    # What is left is on a circle or after one; only those that reach themselves are on it.
    return sorted(name for name in left if name in _reached(name, left))


def _reached(start: str, before: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(before[start])
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting.extend(before[name])
    return found
