"""The stages of a `dvc.yaml`, and what `dvc.lock` recorded of them, as far as they can be read without DVC."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops_mlops.domain.dvc_templating import Unresolved, generated

DEFAULT_PARAMS = "params.yaml"


@dataclass(frozen=True)
class Stage:
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

    def keeps(self) -> list[str]:
        """Its outputs that git holds, from the root."""
        return sorted(filter(None, map(self.place, self.stored)))

    def writes(self) -> list[str]:
        """Its outputs inside of the repository, from the root."""
        return list(filter(None, map(self.place, self.outs)))


@dataclass(frozen=True)
class Locked:
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
    data: Any, folder: str, context: Mapping[str, Any] | Unresolved
) -> Iterator[tuple[str, Stage | Unresolved]]:
    """The stages of a `dvc.yaml` in `folder` by the entry they come from; Unresolved says why one is not known."""
    entries = data.get("stages") if isinstance(data, Mapping) else None
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        try:
            if not isinstance(entry, Mapping):
                raise Unresolved("it is no mapping")
            if isinstance(context, Unresolved) and "${" in str(entry):
                raise context
            known = {} if isinstance(context, Unresolved) else context
            for full, one in list(generated(name, entry, known)):
                yield name, _stage(full, name, folder, one)
        except Unresolved as reason:
            yield name, reason


def locked(data: Any) -> dict[str, Locked]:
    """The stages that a `dvc.lock` records."""
    entries = data.get("stages") if isinstance(data, Mapping) else None
    found = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping):
            params = entry.get("params")
            found[name] = Locked(
                entry.get("cmd"),
                _by_path(entry.get("deps")),
                _by_path(entry.get("outs")),
                {file: values for file, values in params.items() if isinstance(values, Mapping)}
                if isinstance(params, Mapping)
                else {},
            )
    return found


def added(data: Any, folder: str) -> Iterator[tuple[str, str]]:
    """Path and MD5 of what a `.dvc` file in `folder` tracks."""
    if not isinstance(data, Mapping):
        return
    home = inside(folder, str(data["wdir"])) if data.get("wdir") not in (None, ".") else folder
    for path, entry in _by_path(data.get("outs")).items():
        if (place := inside(home, path)) and isinstance(entry.get("md5"), str):
            yield place, entry["md5"]


def _stage(name: str, definition: str, folder: str, entry: Any) -> Stage:
    if not isinstance(entry, Mapping):
        raise Unresolved("it is no mapping")
    if entry.get("vars"):
        raise Unresolved("it has vars of its own")
    home = inside(folder, str(entry["wdir"])) if entry.get("wdir") not in (None, ".") else folder
    if entry.get("wdir") not in (None, ".") and not home:
        raise Unresolved("its wdir is outside of the repository")
    outs = [out for section in ("outs", "metrics", "plots") for out in _outs(entry.get(section))]
    frozen, params = entry.get("frozen") is True, _params(entry.get("params"))
    deps = tuple(path for path, _ in _outs(entry.get("deps")))
    return Stage(
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
                raise Unresolved(f"the params of {file} are no list")
            keys[file] = (*keys.get(file, ()), *(str(name) for name in names or ()))
    return {file: () if file in whole else names for file, names in keys.items()}


def _by_path(section: Any) -> dict[str, Mapping[str, Any]]:
    return {
        item["path"]: item
        for item in (section if isinstance(section, list) else ())
        if isinstance(item, Mapping) and isinstance(item.get("path"), str)
    }
