"""What the DVC files of one commit record: which step made which file, out of what."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from gitops_mlops.domain.pipeline.parameters import flattened
from gitops_mlops.domain.pipeline.stages import LockedStage, inside, locked

# Where a `.dvc` file records what it was told to import, the digest may be any of these.
_DIGESTS = ("md5", "etag", "checksum")


class ImportOrigin(NamedTuple):
    """Where an import came from: a path of another repository, at the `revision` asked for and the commit it was.

    Of `import-url` only the address is known.
    """

    url: str
    path: str = ""
    revision: str = ""
    commit: str = ""


class RecordedItem(NamedTuple):
    """A file or folder: its path from the repository's root (or address), digest ("" when unknown), bytes, files.

    `exact` says that the digest is the MD5 of the file's bytes; DVC before 3 changed line ends first.
    """

    path: str
    digest: str
    size: int | None = None
    files: int | None = None
    exact: bool = False
    origin: ImportOrigin | None = None


class RecordedStep(NamedTuple):
    """A stage of `dvc.lock`, or a `.dvc` file, whose name is its path and whose command is ""."""

    name: str
    command: str
    deps: tuple[RecordedItem, ...]
    outs: tuple[RecordedItem, ...]
    params: Mapping[str, object]


@dataclass(frozen=True)
class PipelineRecords:
    """Every step, and the path of each artifact by its name (`dir:id` below the root)."""

    steps: tuple[RecordedStep, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that a step reads or makes."""
        return frozenset(item.path for step in self.steps for item in (*step.deps, *step.outs))

    def __add__(self, other: PipelineRecords) -> PipelineRecords:
        return PipelineRecords(
            self.steps + other.steps, {**self.artifacts, **other.artifacts}, self.gaps + other.gaps
        )


def is_dvc_file(name: str) -> bool:
    """Whether a file of this name is DVC's."""
    return name in ("dvc.yaml", "dvc.lock") or (name.endswith(".dvc") and name != ".dvc")


def pipeline_records(folder: str, definition: Any, lock: Any) -> PipelineRecords:
    """What `dvc.yaml` and `dvc.lock` of a folder (from the repository's root) say, as parsed YAML."""
    homes = _homes(folder, definition)
    steps, gaps = [], []
    for name, stage in locked(lock).items():
        full = posixpath.join(folder, "dvc.yaml:") + name if folder else name
        home = homes.get(name.partition("@")[0], folder)
        if home is None:
            gaps.append(f"the wdir of stage {full} cannot be resolved without DVC")
        else:
            steps.append(_stage(full, home, folder, stage))
    return PipelineRecords(tuple(steps), dict(_artifacts(folder, definition)), tuple(gaps))


def added_records(path: str, data: Any) -> PipelineRecords:
    """What a `.dvc` file says."""
    folder = posixpath.dirname(path)
    wdir = data.get("wdir") if isinstance(data, Mapping) else None
    home = folder if wdir in (None, ".") else inside(folder, str(wdir))
    if not isinstance(data, Mapping) or (wdir not in (None, ".") and not home):
        return PipelineRecords(gaps=(f"{path} cannot be read as DVC's",))
    deps = tuple(_items(home, data.get("deps")))
    outs = tuple(_items(home, data.get("outs")))
    return PipelineRecords((RecordedStep(path, "", deps, outs, {}),))


def without_secrets(url: str) -> str:
    """An address without the user and password that it may hold."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if (parts.scheme and parts.password is not None) or (parts.username and parts.scheme.startswith("http")):
            port = f":{parts.port}" if parts.port else ""
            return urlunsplit((parts.scheme, f"{host}{port}", parts.path, parts.query, parts.fragment))
    except ValueError:
        return "(an address that cannot be read)"
    return url


def _homes(folder: str, definition: Any) -> dict[str, str | None]:
    """The working folder of each stage that has one of its own; None when it cannot be told."""
    entries = definition.get("stages") if isinstance(definition, Mapping) else None
    found: dict[str, str | None] = {}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("do"), Mapping):
            entry = entry["do"]
        wdir = entry.get("wdir") if isinstance(entry, Mapping) else None
        if isinstance(wdir, str) and wdir != ".":
            # Templated, it differs from turn to turn; a wdir that is the root itself is "".
            root = posixpath.normpath(posixpath.join(folder, wdir)) == "."
            found[name] = None if "${" in wdir else "" if root else inside(folder, wdir) or None
    return found


def _stage(name: str, home: str, folder: str, stage: LockedStage) -> RecordedStep:
    command = stage.command if isinstance(stage.command, list) else [stage.command or ""]
    params = {
        # Parameter files are named from the stage's working folder, too.
        f"{inside(home, file) or file}:{key}": value
        for file, values in stage.params.items()
        for key, value in flattened(values).items()
    }
    deps, outs = list(stage.deps.values()), list(stage.outs.values())
    return RecordedStep(
        name, " && ".join(str(each) for each in command), tuple(_items(home, deps)), tuple(_items(home, outs)), params
    )


def _items(home: str, entries: Any) -> Iterator[RecordedItem]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            yield _item(home, entry)


def _item(home: str, entry: Mapping[str, Any]) -> RecordedItem:
    repo, path = entry.get("repo"), entry["path"]
    digest = next((str(entry[key]) for key in _DIGESTS if entry.get(key) is not None), "")
    if isinstance(repo, Mapping):
        origin = ImportOrigin(
            without_secrets(str(repo.get("url", ""))),
            path,
            str(repo.get("rev") or ""),
            str(repo.get("rev_lock") or ""),
        )
        return RecordedItem(f"{origin.url} {path}", digest or origin.commit, origin=origin)
    place = inside(home, path)
    outside = None if place else ImportOrigin(without_secrets(path))
    return RecordedItem(
        place or without_secrets(path),
        digest,
        _whole(entry.get("size")),
        _whole(entry.get("nfiles")),
        entry.get("hash") == "md5" and not digest.endswith(".dir"),
        outside,
    )


def _artifacts(folder: str, definition: Any) -> Iterator[tuple[str, str]]:
    entries = definition.get("artifacts") if isinstance(definition, Mapping) else None
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            yield f"{folder}:{name}" if folder else name, inside(folder, entry["path"])


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
