"""YAML that strangers may have written: plain values and the line where each one stands.

Scalars are read by YAML 1.2's core schema, as DVC reads them: `on` and `no` are text, `1e-3` is a number,
dates are text. Tags that build objects, aliases that multiply and nesting that exhausts the stack are
refused before anything is constructed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from gitops_mlops.domain.document.scalars import BadScalar, scalar
from gitops_mlops.domain.errors import ConfigError, FileProblemLine

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 100_000

Path = tuple[str | int, ...]

# libyaml parses ten times faster; the pure loader is there where the wheel has no C extension.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_KEY = re.compile(r"[\w/:@+-]+\Z")
_CONTAINERS = {"tag:yaml.org,2002:map": dict, "tag:yaml.org,2002:seq": list}


@dataclass(frozen=True)
class YamlDocument:
    """Plain `data`, the `name` of the file it came from, and where each path in it stands."""

    name: str
    data: Any
    positions: dict[Path, tuple[int, int]]

    def problem(self, path: Path, message: str, hint: str = "") -> FileProblemLine:
        """A problem at a path; the nearest ancestor that has a position gives the line."""
        known = path
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (0, 0))
        return FileProblemLine(self.name, line, column, dotted(path), message, hint)


def dotted(path: Path) -> str:
    """`("models", "delay", "gates", 0)` → `models.delay.gates[0]`; quotes round a key that would mislead."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f"{'.' if text else ''}{part if _PLAIN_KEY.match(part) else repr(part)}"
    return text


def parse_yaml(content: str | bytes, name: str, *, anchors: bool = False) -> YamlDocument:
    """Parse one YAML document; keys are always text.

    `anchors` lets aliases and merge keys in, for files whose owner (DVC) allows them; what they expand to
    counts towards the limit. Raises ConfigError for anything but one document of plain values: wrong
    encoding, bad syntax, custom tags, duplicate keys, more than 1 MiB, 40 levels or 100,000 values.
    """
    text = _decode(content, name)
    builder = _DocumentBuilder(name, anchors)
    try:
        loader = _Loader(text)
        try:
            while loader.check_event():
                builder.take(loader.get_event())
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        # What was odd before may be nothing but the beginning of this.
        raise ConfigError([_syntax_problem(error, name)]) from error
    if builder.problems:
        raise ConfigError(builder.problems)
    return YamlDocument(name, builder.root, builder.positions)


def _decode(content: str | bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise ConfigError([FileProblemLine(name, 0, 0, "", f"larger than {MAX_BYTES} bytes")])
    # Text from a file name or an argument may hold what cannot be written back as UTF-8.
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([FileProblemLine(name, line, 1, "", "not UTF-8", "save the file as UTF-8")]) from error


@dataclass
class _AnchorValue:
    """What an anchor stands for, and how many values that is."""

    value: Any
    size: int


class _OpenCollection:
    """A list or mapping that is being read."""

    def __init__(self, container: Any, path: Path, anchor: str | None, start: int, is_key: bool) -> None:
        self.container = container
        self.is_key = is_key
        self.path = path
        self.anchor = anchor
        self.start = start
        self.key: str | None = None
        self.merged: list[dict[str, Any]] = []


_MERGE = "<<"


class _DocumentBuilder:
    """Plain values out of parser events, with no recursion."""

    def __init__(self, name: str, anchors: bool) -> None:
        self.root: Any = None
        self.positions: dict[Path, tuple[int, int]] = {}
        self.problems: list[FileProblemLine] = []
        self._name = name
        self._allow_anchors = anchors
        self._anchors: dict[str, _AnchorValue] = {}
        self._frames: list[_OpenCollection] = []
        self._documents = 0
        self._nodes = 0

    def take(self, event: Any) -> None:
        """One more event. Raises ConfigError for what makes it pointless to go on."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refusal(event, "another document starts here", "keep one document to a file")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._count(event, 1)
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._count(event, 1)
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _alias(self, event: Any) -> None:
        if not self._allow_anchors:
            raise self._refusal(event, "aliases (*name) are not allowed here", "write the value out")
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self._refusal(event, f"no anchor &{event.anchor} ends before this alias")
        self._count(event, known.size)
        if self._expects_key():
            raise self._refusal(event, "a key must be plain text", "write the key out")
        self._place(event, known.value)

    def _scalar(self, event: Any) -> None:
        if self._expects_key():
            self._key(self._frames[-1], event)
            return
        try:
            value = scalar(event.value, "tag:yaml.org,2002:str" if event.tag == "!" else event.tag, event.implicit[0])
        except BadScalar as error:
            self._complain(event, self._here(), *str(error).split(" → "))
            value = None
        if event.anchor is not None:
            self._anchors[event.anchor] = _AnchorValue(value, 1)
        self._place(event, value)

    def _expects_key(self) -> bool:
        return bool(self._frames) and isinstance(self._frames[-1].container, dict) and self._frames[-1].key is None

    def _key(self, frame: _OpenCollection, event: Any) -> None:
        key = event.value
        if key == _MERGE and event.implicit[0] and not self._allow_anchors:
            self._complain(event, frame.path, "merge keys (<<) are not allowed here", "write the values out")
        elif key in frame.container or (*frame.path, key) in self.positions:
            self._complain(event, (*frame.path, key), f"the key {key!r} appears twice")
        else:
            self.positions[(*frame.path, key)] = (event.start_mark.line + 1, event.start_mark.column + 1)
        frame.key = key

    def _open(self, event: Any) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")
        is_key = self._expects_key()
        if is_key:
            self._complain(event, self._frames[-1].path, "a key must be plain text")
        kind = dict if isinstance(event, yaml.MappingStartEvent) else list
        if event.tag not in (None, "!") and _CONTAINERS.get(event.tag) is not kind:
            self._complain(event, self._here(), f"the tag {event.tag!r} is not allowed", "write plain values")
        path = self._here()
        self._mark(event, path)
        self._frames.append(_OpenCollection(kind(), path, event.anchor, self._nodes, is_key))

    def _close(self) -> None:
        frame = self._frames.pop()
        value = frame.container
        for merged in frame.merged:
            # Own keys win over merged ones, earlier merged mappings over later ones.
            frame.container.update({key: one for key, one in merged.items() if key not in frame.container})
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _AnchorValue(value, self._nodes - frame.start + 1)
        if frame.is_key:
            self._frames[-1].key = ""
        else:
            self._attach(value)

    def _place(self, event: Any, value: Any) -> None:
        frame = self._frames[-1] if self._frames else None
        self._mark(event, self._here())
        if frame is not None and frame.key == _MERGE and self._allow_anchors and not isinstance(value, dict | list):
            self._complain(event, self._here(), "only mappings can be merged (<<)")
        self._attach(value)

    def _attach(self, value: Any) -> None:
        if not self._frames:
            self.root = value
            return
        frame = self._frames[-1]
        if isinstance(frame.container, list):
            frame.container.append(value)
        elif frame.key == _MERGE and self._allow_anchors:
            mappings = value if isinstance(value, list) else [value]
            frame.merged += [one for one in mappings if isinstance(one, dict)]
            frame.key = None
        elif frame.key is not None:
            frame.container[frame.key] = value
            frame.key = None

    def _here(self) -> Path:
        if not self._frames:
            return ()
        frame = self._frames[-1]
        return (*frame.path, len(frame.container) if isinstance(frame.container, list) else str(frame.key))

    def _mark(self, event: Any, path: Path) -> None:
        self.positions.setdefault(path, (event.start_mark.line + 1, event.start_mark.column + 1))

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._refusal(event, f"more than {MAX_NODES} values")

    def _complain(self, event: Any, path: Path, message: str, hint: str = "") -> None:
        mark = event.start_mark
        self.problems.append(FileProblemLine(self._name, mark.line + 1, mark.column + 1, dotted(path), message, hint))

    def _refusal(self, event: Any, message: str, hint: str = "") -> ConfigError:
        self._complain(event, (), message, hint)
        return ConfigError(self.problems)


def _syntax_problem(error: yaml.YAMLError, name: str) -> FileProblemLine:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return FileProblemLine(name, line, column, "", f"not YAML: {what}")
