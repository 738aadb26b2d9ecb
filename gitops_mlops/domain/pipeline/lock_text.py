"""`dvc.lock` as text that DVC wrote: split by stage, merged stage by stage, judged when a stranger wrote it.

The text of every stage is kept as it is, so that a merge holds, byte for byte, what DVC wrote. A stage is never mixed
from two sides: its entry records one run, and no run had the inputs of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, FileProblemLine
from gitops_mlops.domain.names import path_problem

# Every break that YAML counts as a line's end, since the places of its parts are given in lines.
_LINE = re.compile("[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029])|[^\n\r\x85\u2028\u2029]+\\Z")
# What .gitattributes names, and what a clone has to know under that name.
MERGE_DRIVER = "dvc-lock"
MERGE_COMMAND = "gitops-mlops lock merge %O %A %B %P"

# Where the files of a run that belong into git are copied to, for a job that may write.
LOCK_FOLDER = ".gitops-mlops/lock"

_SETTLED = frozenset({"mlops.yaml", "dvc.yaml", "dvc.lock", "codeowners"})
_TOP_KEYS = frozenset({"schema", "stages", "datasets"})
# What DVC records instead of an MD5: of remote storage, data sets, databases, and cloud versioning.
_DIGESTS = frozenset({"etag", "checksum", "files", "cloud", "dataset", "db", "repo"})
_STAGE_KEYS = frozenset({"cmd", "deps", "params", "outs"})

Key = tuple[str, ...]
PushOutcome = Literal["pushed", "already", "unchanged", "moved", "gone"]


@dataclass(frozen=True)
class PushedLock:
    """What became of a lock that was to be committed, and why; `commit` is ours on the branch, "" for none."""

    outcome: PushOutcome
    reason: str
    commit: str = ""
    files: Sequence[str] = ()


@dataclass(frozen=True)
class LockText:
    """The parts of a `dvc.lock` in their order: what each holds, and its lines. A stage's key is (`stages`, name)."""

    data: Mapping[Key, Any]
    text: Mapping[Key, str]


def split_lock(content: str | bytes, name: str) -> LockText:
    """The parts of a lock; none of an empty one. Raises ConfigError for what DVC would not have written."""
    document = parse_yaml(content, name, anchors=True)
    if document.data is None:
        return LockText({}, {})
    if problems := list(lock_problems(content, name)):
        raise ConfigError(problems)
    text = (content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")).rstrip(
        "\n"
    )
    text += "\n"
    stages = document.data.get("stages") or {}
    keys: list[Key] = [("stages", stage) for stage in stages]
    keys += [(key,) for key in document.data if key != "stages" or not stages]
    begins = sorted((document.positions[key][0], key) for key in [*keys, *([("stages",)] if stages else [])])
    # What stands before the first part, such as a comment, goes with it.
    begins[0] = 1, begins[0][1]
    lines = _LINE.findall(text)
    ends = [line for line, _ in begins[1:]] + [len(lines) + 1]
    found = {key: "".join(lines[line - 1 : end - 1]) for (line, key), end in zip(begins, ends, strict=True)}
    data = {key: stages[key[1]] if len(key) == 2 else document.data[key[0]] for key in found if key in keys}
    _demand_independent(data, found, name)
    return LockText(data, {key: found[key] for key in data})


def undigested(lock: LockText) -> str:
    """A stage that does not record what it read and wrote; "" when there is none."""
    items = [item for section in ("deps", "outs") for item in _items(lock.data, section)]
    return next((stage for stage, item in items if not _is_digested(item)), "")


def lock_problems(content: str | bytes, name: str) -> Iterator[FileProblemLine]:
    """Why a file is not a lock that DVC writes. Raises ConfigError when it is no YAML."""
    document = parse_yaml(content, name, anchors=True)
    data = document.data
    if not isinstance(data, dict) or data.get("schema") != "2.0":
        yield document.problem(("schema",), "not a dvc.lock of schema 2.0", "run dvc repro with DVC 3")
        return
    for key in sorted(data.keys() - _TOP_KEYS):
        yield document.problem((key,), f"{key!r} is not a key of a dvc.lock")
    stages = data.get("stages", {})
    if not isinstance(stages, dict):
        yield document.problem(("stages",), "must be a mapping of stages")
        return
    for stage, entry in stages.items():
        for key, message in _wrong_stage(entry):
            yield document.problem(("stages", stage, *key), message)


def pushable(path: str) -> bool:
    """Whether a run may write a path of git besides a lock: none that says what is checked, run or reviewed."""
    parts = path.split("/")
    name = parts[-1].lower()
    settled = name in _SETTLED or name.endswith(".dvc")
    return not path_problem(path) and not settled and not any(part.startswith(".") for part in parts)


def _wrong_stage(entry: Any) -> Iterator[tuple[Key, str]]:
    if not isinstance(entry, dict) or "cmd" not in entry:
        yield (), "must record a command"
        return
    for key in sorted(entry.keys() - _STAGE_KEYS):
        yield (key,), f"{key!r} is not a key of a stage"
    for key in ("deps", "outs"):
        items = entry.get(key, [])
        if not isinstance(items, list) or not all(
            isinstance(item, dict) and isinstance(item.get("path"), str) for item in items
        ):
            yield (key,), "must be a list of entries with a path"
    params = entry.get("params", {})
    if not isinstance(params, dict) or not all(isinstance(values, dict) for values in params.values()):
        yield ("params",), "must map files to values"


def _is_digested(item: Mapping[str, Any]) -> bool:
    # A digest of digits alone, without quotes, is a number.
    return isinstance(item["md5"], str) if "md5" in item else not _DIGESTS.isdisjoint(item)


def _demand_independent(data: Mapping[Key, Any], text: Mapping[Key, str], name: str) -> None:
    """Every part's lines must say by themselves what the whole file says of it."""
    for key, value in data.items():
        alone = parse_yaml(f"stages:\n{text[key]}" if len(key) == 2 else text[key], name).data
        try:
            same = (alone["stages"][key[1]] if len(key) == 2 else alone[key[0]]) == value
        except (TypeError, KeyError):
            same = False
        if not same:
            raise ConfigError(
                [FileProblemLine(name, 0, 0, ".".join(key), "is not written as DVC writes it", "run dvc repro")]
            )


@dataclass(frozen=True)
class MergedLock:
    """A merge: its text, with markers round the parts in `conflicts`; what is `stale` must run again."""

    text: str
    conflicts: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


Side = Literal["base", "ours", "theirs"]


def merge_locks(base: str, ours: str, theirs: str, name: str) -> MergedLock:
    """Merge by stage: what one side changed is taken, what both changed alike is kept, anything else conflicts.

    A side that is not a lock makes the whole file conflict.
    """
    if ours in (base, theirs) or base == theirs:
        return MergedLock(theirs if ours == base else ours)
    texts: dict[Side, str] = {"base": base, "ours": ours, "theirs": theirs}
    try:
        sides = {side: split_lock(text, f"{name} ({side})") for side, text in texts.items()}
    except ConfigError as error:
        return MergedLock(_conflict(ours, theirs), [f"the whole file, for {error.problems[0]}"])
    merged: dict[Key, tuple[str, Any]] = {}
    conflicts = []
    for key in [*sides["ours"].data, *(key for key in sides["theirs"].data if key not in sides["ours"].data)]:
        side = _chosen(key, sides["base"], sides["ours"], sides["theirs"])
        if side is None:
            conflicts.append(f"stage {key[1]!r}" if len(key) == 2 else repr(key[0]))
            ours_text, theirs_text = sides["ours"].text.get(key, ""), sides["theirs"].text.get(key, "")
            merged[key] = _conflict(ours_text, theirs_text), None
        elif key in sides[side].data:
            merged[key] = sides[side].text[key], sides[side].data[key]
    return MergedLock(_joined(merged), conflicts, list(_stale(merged, sides.values())))


def _chosen(key: Key, base: LockText, ours: LockText, theirs: LockText) -> Side | None:
    before, mine, others = (_canonical(side, key) for side in (base, ours, theirs))
    if mine in (others, before) or others == before:
        return "theirs" if mine == before != others else "ours"
    return None


def _canonical(side: LockText, key: Key) -> str:
    return json.dumps(side.data[key], sort_keys=True, default=str) if key in side.data else ""


def _conflict(ours: str, theirs: str) -> str:
    ours, theirs = (text if not text or text.endswith("\n") else f"{text}\n" for text in (ours, theirs))
    return f"<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"


def _joined(parts: Mapping[Key, tuple[str, Any]]) -> str:
    """The stages stay together, where the first of them stood."""
    stages = "".join(text for key, (text, _) in parts.items() if len(key) == 2)
    blocks = {
        key[:1]: f"stages:\n{stages}" if stages and key[0] == "stages" else text for key, (text, _) in parts.items()
    }
    return "".join(blocks.values())


def _stale(merged: Mapping[Key, tuple[str, Any]], sides: Any) -> Iterator[str]:
    """Stages that were computed from an output which the merge holds another one of.

    A lock does not tell in which folder a stage runs: two stages are linked where some side had them agree.
    """
    linked = set()
    for side in sides:
        written = {item["path"]: _digest(item) for _, item in _items(side.data, "outs")}
        linked |= {
            (stage, item["path"])
            for stage, item in _items(side.data, "deps")
            if written.get(item["path"], "") == _digest(item)
        }
    data = {key: value for key, (_, value) in merged.items() if value is not None}
    written = {item["path"]: _digest(item) for _, item in _items(data, "outs")}
    found = {}
    for stage, item in _items(data, "deps"):
        path = item["path"]
        if (stage, path) in linked and path in written and written[path] != _digest(item):
            found[stage] = f"{stage!r} was computed with another {path!r}"
    yield from found.values()


def _items(data: Mapping[Key, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, entry in data.items():
        if len(key) == 2:
            yield from ((key[1], item) for item in entry.get(section, ()))


def _digest(item: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in item.items() if key != "path"}, sort_keys=True, default=str)
