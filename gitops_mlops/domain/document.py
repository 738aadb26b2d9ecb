"""YAML that strangers may have written: plain values and the line where each one stands.

Tags that build objects, aliases that multiply and nesting that exhausts the stack are refused before
anything is constructed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gitops_mlops.domain.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 100_000

Path = tuple[str | int, ...]

# libyaml parses ten times faster; the pure loader is there where the wheel has no C extension.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """Plain `data`, the `name` of the file it came from, and where each path in it stands."""

    name: str
    data: Any
    positions: dict[Path, tuple[int, int]]

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """A problem at a path; the nearest ancestor that has a position gives the line."""
        known = path
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (0, 0))
        return Problem(self.name, line, column, dotted(path), message, hint)


def dotted(path: Path) -> str:
    """`("models", "delay", "gates", 0)` → `models.delay.gates[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def parse_yaml(content: str | bytes, name: str) -> Document:
    """Parse one YAML document.

    Raises ConfigError for anything but one document of plain values: wrong encoding, bad syntax, custom
    tags, aliases, duplicate keys, more than 1 MiB, 40 levels or 100,000 nodes.
    """
    text = _decode(content, name)
    try:
        loader = _Loader(text)
        try:
            root = _compose(loader, name)
            positions: dict[Path, tuple[int, int]] = {}
            _inspect(root, name, positions)
            data = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigError([_syntax_problem(error, name)]) from error
    except (ValueError, OverflowError, RecursionError) as error:
        # For instance a date that does not exist, or an integer of ten thousand digits.
        raise ConfigError([Problem(name, 0, 0, "", f"not a value that YAML can hold: {error}")]) from error
    return Document(name, data, positions)


def _decode(content: str | bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(name, 0, 0, "", f"larger than {MAX_BYTES} bytes")])
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, line, 1, "", "not UTF-8", "save the file as UTF-8")]) from error


def _compose(loader: Any, name: str) -> Any:
    """Compose the node tree event by event, so that depth and aliases are refused before recursion."""
    depth = nodes = 0
    events = []
    while loader.check_event():
        event = loader.get_event()
        events.append(event)
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(event, name, "aliases (*name) are not allowed here", "write the value out")
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _refusal(event, name, f"nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise _refusal(event, name, f"more than {MAX_NODES} values")
    return _Composer(events).get_single_node()


class _Composer(yaml.composer.Composer, yaml.resolver.Resolver):
    """PyYAML's own composer, fed with events that were already looked at."""

    def __init__(self, events: list[Any]) -> None:
        yaml.composer.Composer.__init__(self)
        yaml.resolver.Resolver.__init__(self)
        self._events = iter(events)
        self._next: Any = next(self._events, None)

    def check_event(self, *choices: type) -> bool:
        return self._next is not None and (not choices or isinstance(self._next, choices))

    def peek_event(self) -> Any:
        return self._next

    def get_event(self) -> Any:
        event, self._next = self._next, next(self._events, None)
        return event


def _inspect(root: Any, name: str, positions: dict[Path, tuple[int, int]]) -> None:
    problems = []
    for path, node, key in _walk(root):
        mark = (key or node).start_mark
        positions[path] = (mark.line + 1, mark.column + 1)
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            problems.append(
                Problem(name, mark.line + 1, mark.column + 1, dotted(path), f"the tag {node.tag!r} is not allowed")
            )
    problems += _bad_keys(root, name)
    if problems:
        raise ConfigError(problems)


def _walk(root: Any) -> Iterator[tuple[Path, Any, Any]]:
    stack: list[tuple[Path, Any, Any]] = [((), root, None)] if root is not None else []
    while stack:
        path, node, key = stack.pop()
        yield path, node, key
        if isinstance(node, yaml.MappingNode):
            stack += [((*path, str(k.value)), v, k) for k, v in node.value if isinstance(k, yaml.ScalarNode)]
        elif isinstance(node, yaml.SequenceNode):
            stack += [((*path, index), item, None) for index, item in enumerate(node.value)]


def _bad_keys(root: Any, name: str) -> list[Problem]:
    problems = []
    for path, node, _ in _walk(root):
        seen: set[str] = set()
        for key, _value in node.value if isinstance(node, yaml.MappingNode) else ():
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, yaml.ScalarNode):
                problems.append(Problem(name, line, column, dotted(path), "a key must be plain text"))
            elif key.tag == "tag:yaml.org,2002:merge":
                problems.append(Problem(name, line, column, dotted(path), "merge keys (<<) are not allowed here"))
            elif key.value in seen:
                problems.append(Problem(name, line, column, dotted(path), f"the key {key.value!r} stands twice"))
            else:
                seen.add(key.value)
    return problems


def _refusal(event: Any, name: str, message: str, hint: str = "") -> ConfigError:
    mark = event.start_mark
    return ConfigError([Problem(name, mark.line + 1, mark.column + 1, "", message, hint)])


def _syntax_problem(error: yaml.YAMLError, name: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Problem(name, line, column, "", f"not YAML: {what}")
