"""The stages of a `dvc.yaml`, and what `dvc.lock` recorded of them, as far as they can be read without DVC."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.digests import md5_of
from gitops_mlops.domain.pipeline.templating import DEFAULT_PARAMS, UnresolvedTemplate, Variables, filled, generated

# How DVC marks the hash of a folder.
_FOLDER = ".dir"


@dataclass(frozen=True)
class PipelineStage:
    """One stage. Paths are as written, relative to `folder`, which is relative to the repository's root.

    `definition` names the entry of `dvc.yaml` that it comes from. `params` maps a file to the keys that are
    used of it, () for the whole file. `stored` are the outputs that git holds (`cache: false`). One that DVC runs
    whether anything changed or not is `always`.
    """

    name: str
    definition: str
    folder: str
    command: Any
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    stored: frozenset[str]
    params: Mapping[str, tuple[str, ...]]
    frozen: bool
    always: bool = False

    def place(self, path: str) -> str:
        """A path of this stage from the repository's root; "" when it is outside of it."""
        return inside(self.folder, path)

    def reads(self) -> list[str]:
        """Its dependencies inside of the repository, from the root."""
        return [] if self.frozen else list(filter(None, map(self.place, self.deps)))

    def configured(self) -> list[str]:
        """Its parameter files inside of the repository, from the root."""
        return [] if self.frozen else list(filter(None, map(self.place, self.params)))

    def keeps(self) -> list[str]:
        """Its outputs that git holds, from the root."""
        return sorted(filter(None, map(self.place, self.stored)))

    def writes(self) -> list[str]:
        """Its outputs inside of the repository, from the root."""
        return list(filter(None, map(self.place, self.outs)))


@dataclass(frozen=True)
class LockedStage:
    """What `dvc.lock` holds of a stage: its command, MD5s by path and parameter values by file."""

    command: Any
    deps: Mapping[str, Mapping[str, Any]]
    outs: Mapping[str, Mapping[str, Any]]
    params: Mapping[str, Mapping[str, Any]]


def inside(folder: str, path: str) -> str:
    """`path`, relative to `folder`, from the repository's root; "" for an address and what is outside."""
    if "://" in path or path.startswith(("/", "~")) or "\\" in path:
        return ""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined.startswith("..") or joined == "." else joined


def stages(
    data: Any, folder: str, variables: Variables, reason: UnresolvedTemplate | None = None
) -> Iterator[tuple[str, PipelineStage | UnresolvedTemplate]]:
    """The stages of a `dvc.yaml` in `folder` by the entry they come from; Unresolved says why one is not known.

    `reason` is why the variables of the whole file are not known.
    """
    entries = data.get("stages") if isinstance(data, Mapping) else None
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            if not isinstance(entry, Mapping):
                raise UnresolvedTemplate("it is not a mapping")
            if reason is not None and ("${" in str(entry) or "vars" in entry):
                raise reason
            yield from [(name, _stage(full, name, folder, *one)) for full, *one in generated(name, entry, variables)]
        except UnresolvedTemplate as why:
            yield name, why


def locked(data: Any) -> dict[str, LockedStage]:
    """The stages that a `dvc.lock` records."""
    entries = data.get("stages") if isinstance(data, Mapping) else None
    found = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping):
            params = entry.get("params")
            found[name] = LockedStage(
                entry.get("cmd"),
                _by_path(entry.get("deps")),
                _by_path(entry.get("outs")),
                {file: values for file, values in params.items() if isinstance(values, Mapping)}
                if isinstance(params, Mapping)
                else {},
            )
    return found


@dataclass(frozen=True)
class RecordedOutput:
    """What DVC recorded of an output: its MD5, and of how many files it is made, None when that is not known.

    The MD5 is "" when it recorded none: of an import that was never downloaded, or where a remote keeps versions.
    """

    md5: str
    files: int | None = 1

    @property
    def folder(self) -> bool:
        """Whether it is one."""
        return self.md5.endswith(_FOLDER)


def tracked(entry: Mapping[str, Any]) -> RecordedOutput:
    """What an entry of `dvc.lock` or a `.dvc` file records."""
    md5, files = entry.get("md5"), entry.get("nfiles")
    if not isinstance(md5, str):
        return RecordedOutput("", None)
    return RecordedOutput(md5, (files if isinstance(files, int) else None) if md5.endswith(_FOLDER) else 1)


def folder_md5(listing: Mapping[str, str | None]) -> str:
    """DVC's hash of a folder: the MD5 of the JSON list of its files' MD5s, which are given by path within it."""
    files = [{"md5": listing[path], "relpath": path} for path in sorted(listing)]
    text = json.dumps(files, sort_keys=True).encode()
    return md5_of(text) + _FOLDER


def added(data: Any, folder: str) -> Iterator[tuple[str, RecordedOutput]]:
    """What a `.dvc` file in `folder` tracks, by path."""
    if not isinstance(data, Mapping):
        return
    home = inside(folder, str(data["wdir"])) if data.get("wdir") not in (None, ".") else folder
    for path, entry in _by_path(data.get("outs")).items():
        if place := inside(home, path):
            yield place, tracked(entry)


def _stage(name: str, definition: str, folder: str, template: Any, variables: Variables) -> PipelineStage:
    if not isinstance(template, Mapping):
        raise UnresolvedTemplate("it is not a mapping")
    # DVC fills in the folder before it reads variables of the stage's own, which are found from there.
    home = _home(folder, filled(template.get("wdir"), variables, "wdir"))
    known = variables.extended(template.get("vars"), home)
    entry = {key: filled(value, known, key) for key, value in template.items() if key != "vars"}
    outs = [out for section in ("outs", "metrics", "plots") for out in _outs(entry.get(section))]
    frozen, params = entry.get("frozen") is True, _params(entry.get("params"))
    deps = tuple(path for path, _ in _outs(entry.get("deps")))
    return PipelineStage(
        name=name,
        definition=definition,
        folder=home,
        command=entry.get("cmd"),
        deps=deps,
        outs=tuple(path for path, _ in outs),
        stored=frozenset(path for path, options in outs if options.get("cache") is False),
        params=params,
        frozen=frozen,
        # A stage with neither dependencies nor outputs is a callback to DVC.
        always=not frozen and (entry.get("always_changed") is True or not (deps or params or outs)),
    )


def _home(folder: str, wdir: Any) -> str:
    if wdir in (None, "") or posixpath.normpath(posixpath.join(folder, str(wdir))) == ".":
        return folder if wdir in (None, "") else ""
    if not (home := inside(folder, str(wdir))):
        raise UnresolvedTemplate("its wdir is outside of the repository")
    return home


def _outs(section: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """`[a, {b: {cache: false}}]` as pairs."""
    for item in section if isinstance(section, list) else ():
        if isinstance(item, str):
            yield item, {}
        elif isinstance(item, Mapping):
            for path, options in item.items():
                yield path, options if isinstance(options, Mapping) else {}


def _params(section: Any) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {}
    whole: set[str] = set()
    for item in section if isinstance(section, list) else ():
        entries = item.items() if isinstance(item, Mapping) else [(DEFAULT_PARAMS, [str(item)])]
        for file, names in entries:
            if not names:
                whole.add(file)
            elif not isinstance(names, list):
                raise UnresolvedTemplate(f"the params of {file} are not a list")
            keys[file] = (*keys.get(file, ()), *(str(name) for name in names or ()))
    return {file: () if file in whole else names for file, names in keys.items()}


def _by_path(section: Any) -> dict[str, Mapping[str, Any]]:
    return {
        item["path"]: item
        for item in (section if isinstance(section, list) else ())
        if isinstance(item, Mapping) and isinstance(item.get("path"), str)
    }
