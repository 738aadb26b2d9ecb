"""Whether `dvc.lock` is in step with `dvc.yaml`, the parameters and the sources: what `dvc status` would say.

DVC is not started: its files are YAML and its hashes MD5. What cannot be told without it is a remark, and never
a false alarm.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from gitops_mlops.domain.document import parse_yaml
from gitops_mlops.domain.dvc_params import ABSENT, lookup, parse_params, same
from gitops_mlops.domain.dvc_pipeline import DEFAULT_PARAMS, Locked, Stage, added, inside, locked, stages
from gitops_mlops.domain.dvc_templating import Unresolved, merged
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.lock_report import Judged, LockReport
from gitops_mlops.domain.ports import Tree

REPRO = "dvc repro, then add dvc.lock to the commit"


def lock_step(tree: Tree) -> LockReport:
    """Compare every `dvc.lock` of a tree with its `dvc.yaml`."""
    report = LockReport()
    pipelines: list[_Pipeline] = []
    tracked: dict[str, str] = {}
    for path in tree.paths():
        try:
            if posixpath.basename(path) == "dvc.yaml":
                pipelines.append(_Pipeline(tree, path, report))
            elif path.endswith(".dvc") and (content := tree.read(path)) is not None:
                tracked.update(added(parse_yaml(content, path, anchors=True).data, posixpath.dirname(path)))
        except ConfigError as error:
            report.problems += error.problems
            report.unreadable += error.problems
    for pipeline in pipelines:
        tracked.update(pipeline.produced())
    for pipeline in pipelines:
        pipeline.check(tracked)
    report.data = tracked.keys() - {place for judged in report.stages for place in judged.stage.keeps()}
    report.problems = sorted(set(report.problems))
    return report


class _Pipeline:
    """One `dvc.yaml` and its lock."""

    def __init__(self, tree: Tree, path: str, report: LockReport) -> None:
        self._tree = tree
        self._folder = posixpath.dirname(path)
        self._report = report
        self._params: dict[str, dict[str, Any] | None] = {}
        self._tracked: Mapping[str, str] = {}
        self._document = parse_yaml(tree.read(path) or b"", path, anchors=True)
        lock = posixpath.join(self._folder, "dvc.lock")
        self._recorded = locked(parse_yaml(tree.read(lock) or b"", lock, anchors=True).data)
        self._stages = list(stages(self._document.data, self._folder, self._context()))

    def produced(self) -> Iterator[tuple[str, str]]:
        """The MD5 of every output by its path; what a stage that is gone left in the lock does not count."""
        for definition, stage in self._stages:
            names = self._generated(definition) if isinstance(stage, Unresolved) else [stage.name]
            folder = self._folder if isinstance(stage, Unresolved) else stage.folder
            for name in names:
                for path, entry in self._recorded[name].outs.items() if name in self._recorded else ():
                    if (place := inside(folder, path)) and isinstance(entry.get("md5"), str):
                        yield place, str(entry["md5"])

    def _generated(self, definition: str) -> list[str]:
        return [name for name in self._recorded if name == definition or name.startswith(f"{definition}@")]

    def check(self, tracked: Mapping[str, str]) -> None:
        """Report what differs; `tracked` is the MD5 of everything that DVC tracks, by path."""
        self._tracked = tracked
        for definition, stage in self._stages:
            if isinstance(stage, Unresolved):
                self._report.unjudged.add((posixpath.join(self._folder, "dvc.lock"), definition))
                self._remark(definition, str(stage))
            else:
                differences = list(self._differences(stage, self._recorded.get(stage.name)))
                self._report.stages.append(Judged(self._folder, stage, bool(differences)))
                for where, message in differences:
                    self._report.changed.add(stage.name)
                    self._complain(definition, where, f"{_named(stage)}{message}")

    def _complain(self, definition: str, where: str, message: str) -> None:
        path = ("stages", definition, where) if where else ("stages", definition)
        self._report.problems.append(self._document.problem(path, message, REPRO))

    def _remark(self, stage: str, reason: str) -> None:
        self._report.remarks.append(f"{self._document.name}: stage {stage!r} is not checked in full: {reason}")

    def _context(self) -> dict[str, Any] | Unresolved:
        """What templates may name: params.yaml and `vars:`."""
        data = self._document.data
        variables = data.get("vars") if isinstance(data, dict) else None
        default = posixpath.join(self._folder, DEFAULT_PARAMS)
        try:
            context = self._values(default) or {}
            for item in variables if isinstance(variables, list) else ():
                if isinstance(item, dict):
                    context = merged(context, item)
                elif item != DEFAULT_PARAMS:
                    context = merged(context, self._imported(str(item)))
        except Unresolved as reason:
            return reason
        return context

    def _imported(self, item: str) -> dict[str, Any]:
        """`file.yaml`, or `file.yaml:key,key`."""
        path, _, keys = item.partition(":")
        values = self._values(inside(self._folder, path))
        if values is None:
            raise Unresolved(f"the variables of {path!r} cannot be read")
        return {key: values[key] for key in keys.split(",") if key in values} if keys else values

    def _values(self, path: str) -> dict[str, Any] | None:
        """The values of a parameter file; None when there is none or only DVC can read it."""
        if path not in self._params:
            content = self._tree.read(path) if path else None
            self._params[path] = None if content is None else parse_params(content, path)
        return self._params[path]

    def _differences(self, stage: Stage, recorded: Locked | None) -> Iterator[tuple[str, str]]:
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

    def _inputs(self, stage: Stage, recorded: Locked) -> Iterator[tuple[str, str]]:
        for path in stage.deps:
            if reason := self._dependency(stage, path, recorded.deps.get(path)):
                yield "deps", f"its dependency {path!r} {reason}"
        for file, keys in stage.params.items():
            yield from self._parameters(stage, file, keys, recorded.params.get(file, {}))

    def _dependency(self, stage: Stage, path: str, entry: Mapping[str, Any] | None) -> str:
        if entry is None:
            return "is not in dvc.lock"
        wanted, place = entry.get("md5"), stage.place(path)
        if not place or not isinstance(wanted, str):
            self._remark(stage.name, f"{path!r} is outside of the repository or not hashed by MD5")
            return ""
        if place in self._tracked:
            return "" if self._tracked[place] == wanted else "changed since the stage ran"
        if any(place.startswith(f"{output}/") for output in self._tracked):
            self._remark(stage.name, f"{path!r} is inside of a folder that DVC tracks")
            return ""
        if wanted.endswith(".dir"):
            return self._source_folder(stage, path, place, wanted)
        found = self._tree.md5(place)
        if found is None:
            return "does not exist"
        return "" if self._equal(found, place, entry) else "changed since the stage ran"

    def _equal(self, found: str, place: str, entry: Mapping[str, Any]) -> bool:
        if found == entry.get("md5"):
            return True
        if "hash" in entry:
            return False
        # Before version 3 DVC hashed text files as if their lines ended the Unix way.
        content = (self._tree.read(place) or b"").replace(b"\r\n", b"\n")
        return hashlib.md5(content, usedforsecurity=False).hexdigest() == entry.get("md5")

    def _source_folder(self, stage: Stage, path: str, place: str, wanted: str) -> str:
        """A folder's hash is the MD5 of the JSON list of its files' hashes, sorted by path."""
        files = self._tree.below(place)
        if not files and not self._tree.exists(place):
            return "does not exist"
        listing = [{"md5": self._tree.md5(file), "relpath": file[len(place) + 1 :]} for file in files]
        listing.sort(key=lambda item: str(item["relpath"]))
        text = json.dumps(listing, sort_keys=True).encode()
        if f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir" == wanted:
            return ""
        if not self._ignores() and not self._tree.has_untracked(place):
            return "changed since the stage ran"
        self._remark(stage.name, f"{path!r} holds files that git does not track or DVC ignores")
        return ""

    def _ignores(self) -> bool:
        lines = (self._tree.read(".dvcignore") or b"").splitlines()
        return any(line.strip() and not line.startswith(b"#") for line in lines)

    def _stored(self, stage: Stage, path: str, entry: Mapping[str, Any]) -> str:
        """An output that git holds must be the one that the stage wrote."""
        place, wanted = stage.place(path), entry.get("md5")
        if not place or not isinstance(wanted, str) or wanted.endswith(".dir"):
            return ""
        found = self._tree.md5(place)
        return "is not what the stage wrote" if found is not None and not self._equal(found, place, entry) else ""

    def _parameters(
        self, stage: Stage, file: str, keys: tuple[str, ...], recorded: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        place = stage.place(file)
        values = self._values(place)
        if values is None:
            if (place and self._tree.exists(place)) or not place:
                self._remark(stage.name, f"the parameters of {file!r} can only be read by DVC")
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
            elif not same(now, then):
                yield "params", f"its parameter {key!r} is {_shown(now)} in {file} and {_shown(then)} in dvc.lock"


def _named(stage: Stage) -> str:
    return f"{stage.name!r}: " if stage.name != stage.definition else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."
