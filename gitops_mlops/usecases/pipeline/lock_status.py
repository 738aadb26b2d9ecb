"""Whether `dvc.lock` is up to date with `dvc.yaml`, the parameters and the sources: what `dvc status` would say.

DVC is not started: its files are YAML and its hashes MD5. What cannot be told without it is a remark, and never
a false alarm.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.pipeline.lock_report import LockReport, StageStatus
from gitops_mlops.domain.pipeline.parameters import ABSENT, lookup, parse_params, same
from gitops_mlops.domain.pipeline.stages import (
    LockedStage,
    PipelineStage,
    RecordedOutput,
    added,
    inside,
    locked,
    stages,
    tracked,
)
from gitops_mlops.domain.pipeline.templating import DEFAULT_PARAMS, UnresolvedTemplate, Variables
from gitops_mlops.domain.ports import Tree
from gitops_mlops.domain.shortening import VALUE, shorten
from gitops_mlops.usecases.pipeline.recorded_data import RecordedData

REPRO = "dvc repro, then add dvc.lock to the commit"


def lock_step(tree: Tree) -> LockReport:
    """Compare every `dvc.lock` of a tree with its `dvc.yaml`."""
    report = LockReport()
    pipelines: list[_PipelineFile] = []
    recorded: dict[str, RecordedOutput] = {}
    for path in tree.paths():
        try:
            if posixpath.basename(path) == "dvc.yaml":
                pipelines.append(_PipelineFile(tree, path, report))
            elif path.endswith(".dvc") and (content := tree.read(path)) is not None:
                recorded.update(added(parse_yaml(content, path, anchors=True).data, posixpath.dirname(path)))
        except ConfigError as error:
            report.problems += error.problems
            report.unreadable += error.problems
    for pipeline in pipelines:
        recorded.update(pipeline.produced())
    in_git = _in_git(tree, pipelines)
    data = RecordedData(tree, {place: one for place, one in recorded.items() if place not in in_git})
    for pipeline in pipelines:
        pipeline.check(data)
    report.data = recorded.keys() - {place for judged in report.stages for place in judged.stage.keeps()}
    report.problems = sorted(set(report.problems))
    return report


def _in_git(tree: Tree, pipelines: Iterable[_PipelineFile]) -> set[str]:
    """The outputs with `cache: false` that git does hold: they are what they are there, whatever DVC recorded."""
    kept = {place for pipeline in pipelines for place in pipeline.kept()}
    paths = set(tree.paths()) if kept else set()
    return {place for place in kept if place in paths or tree.below(place)}


class _PipelineFile:
    """One `dvc.yaml` and its lock."""

    def __init__(self, tree: Tree, path: str, report: LockReport) -> None:
        self._tree = tree
        self._folder = posixpath.dirname(path)
        self._report = report
        self._params: dict[str, dict[str, Any] | None] = {}
        self._data = RecordedData(tree, {})
        self._document = parse_yaml(tree.read(path) or b"", path, anchors=True)
        lock = posixpath.join(self._folder, "dvc.lock")
        self._recorded = locked(parse_yaml(tree.read(lock) or b"", lock, anchors=True).data)
        self._stages = list(stages(self._document.data, self._folder, *self._variables()))

    def produced(self) -> Iterator[tuple[str, RecordedOutput]]:
        """Every output by its path; what a stage that is gone left in the lock does not count."""
        for definition, stage in self._stages:
            names = self._generated(definition) if isinstance(stage, UnresolvedTemplate) else [stage.name]
            folder = self._folder if isinstance(stage, UnresolvedTemplate) else stage.folder
            for name in names:
                for path, entry in self._recorded[name].outs.items() if name in self._recorded else ():
                    if place := inside(folder, path):
                        yield place, tracked(entry)

    def kept(self) -> Iterator[str]:
        """The outputs that git may hold, by path."""
        for _, stage in self._stages:
            if not isinstance(stage, UnresolvedTemplate):
                yield from stage.keeps()

    def _generated(self, definition: str) -> list[str]:
        return [name for name in self._recorded if name == definition or name.startswith(f"{definition}@")]

    def check(self, data: RecordedData) -> None:
        """Report what differs."""
        self._data = data
        for definition, stage in self._stages:
            if isinstance(stage, UnresolvedTemplate):
                self._report.unjudged.add((posixpath.join(self._folder, "dvc.lock"), definition))
                self._remark(definition, str(stage))
            else:
                differences = list(self._differences(stage, self._recorded.get(stage.name)))
                self._report.stages.append(StageStatus(self._folder, stage, bool(differences)))
                for where, message in differences:
                    self._report.changed.add(stage.name)
                    self._complain(definition, where, f"{_named(stage)}{message}")

    def _complain(self, definition: str, where: str, message: str) -> None:
        path = ("stages", definition, where) if where else ("stages", definition)
        self._report.problems.append(self._document.problem(path, message, REPRO))

    def _remark(self, stage: str, reason: str) -> None:
        self._report.unchecked.add(f"{self._document.name}:{stage}" if self._folder else stage)
        self._report.remarks.append(f"{self._document.name}: stage {stage!r} is not checked in full: {reason}")

    def _variables(self) -> tuple[Variables, UnresolvedTemplate | None]:
        """What templates may name: params.yaml and `vars:`; why that is not known."""
        data = self._document.data
        booleans, lists = _spliced(self._tree.read(".dvc/config") or b"")
        variables = Variables(self._placed, booleans=booleans, lists=lists)
        try:
            if self._values(posixpath.join(self._folder, DEFAULT_PARAMS)) is not None:
                variables = variables.imported(DEFAULT_PARAMS, self._folder)
            return variables.extended(data.get("vars") if isinstance(data, dict) else None, self._folder), None
        except UnresolvedTemplate as reason:
            return variables, reason

    def _placed(self, folder: str, path: str) -> tuple[str, dict[str, Any] | None]:
        place = inside(folder, path)
        return place, self._values(place)

    def _values(self, path: str) -> dict[str, Any] | None:
        """The values of a parameter file; None when there is none or only DVC can read it."""
        if path not in self._params:
            content = self._tree.read(path) if path else None
            self._params[path] = None if content is None else parse_params(content, path)
        return self._params[path]

    def _differences(self, stage: PipelineStage, recorded: LockedStage | None) -> Iterator[tuple[str, str]]:
        if recorded is None:
            yield "", "was never run: dvc.lock does not know it"
            return
        if stage.command != recorded.command:
            yield "cmd", "its command changed since it ran"
        if not stage.frozen:
            # A frozen stage does not run again, whatever it depends on.
            yield from self._inputs(stage, recorded)
        for path in stage.outs:
            if path not in recorded.outs:
                yield "outs", f"its output {path!r} is not in dvc.lock"
            elif path in stage.stored and (reason := self._stored(stage, path, recorded.outs[path])):
                yield "outs", f"its output {path!r} {reason}"

    def _inputs(self, stage: PipelineStage, recorded: LockedStage) -> Iterator[tuple[str, str]]:
        for path in stage.deps:
            if reason := self._dependency(stage, path, recorded.deps.get(path)):
                yield "deps", f"its dependency {path!r} {reason}"
        for file, keys in stage.params.items():
            yield from self._parameters(stage, file, keys, recorded.params.get(file, {}))

    def _dependency(self, stage: PipelineStage, path: str, entry: Mapping[str, Any] | None) -> str:
        if entry is None:
            return "is not in dvc.lock"
        place = stage.place(path)
        try:
            if not place or not isinstance(entry.get("md5"), str):
                raise UnresolvedTemplate("it is outside of the repository or not hashed by MD5")
            return self._data.difference(place, entry)
        except UnresolvedTemplate as reason:
            self._remark(stage.name, f"{path!r}: {reason}")
            return ""

    def _stored(self, stage: PipelineStage, path: str, entry: Mapping[str, Any]) -> str:
        """An output that git holds must be the one that the stage wrote."""
        place = stage.place(path)
        try:
            if not place or not isinstance(entry.get("md5"), str):
                raise UnresolvedTemplate("it is outside of the repository or not hashed by MD5")
            return "is not what the stage wrote" if self._data.rewritten(place, entry) else ""
        except UnresolvedTemplate as reason:
            self._remark(stage.name, f"{path!r}: {reason}")
            return ""

    def _parameters(
        self, stage: PipelineStage, file: str, keys: tuple[str, ...], recorded: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        place = stage.place(file)
        values = self._values(place)
        if values is None:
            if (place and self._tree.exists(place)) or not place:
                self._remark(stage.name, f"the parameters of {file!r} cannot be read")
            else:
                yield "params", f"its parameter file {file!r} does not exist"
            return
        for key in keys or sorted({*values, *recorded}):
            now = lookup(values, key) if keys else values.get(key, ABSENT)
            then = recorded.get(key, ABSENT)
            if now is ABSENT:
                yield "params", f"its parameter {key!r} is not in {file}"
            elif then is ABSENT:
                yield "params", f"its parameter {key!r} is not in dvc.lock"
            elif not same(list(now) if isinstance(now, tuple) else now, then):
                yield "params", f"its parameter {key!r} is {_shown(now)} in {file} and {_shown(then)} in dvc.lock"


def _spliced(content: bytes) -> tuple[str, str]:
    """How DVC is set to write the booleans and the lists of a mapping into a command."""
    if b"parsing" not in content:
        return "store_true", "nargs"
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    with suppress(configparser.Error, UnicodeDecodeError):
        parser.read_string(content.decode())
    return parser.get("parsing", "bool", fallback="store_true"), parser.get("parsing", "list", fallback="nargs")


def _named(stage: PipelineStage) -> str:
    return f"{stage.name!r}: " if stage.name != stage.definition else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return shorten(text, VALUE)
