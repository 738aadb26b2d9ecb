r"""DVC's `${...}`: values of `params.yaml` and `vars:` put into the stages of `dvc.yaml`.

The rules are those of DVC 3's `dvc/parsing`. What DVC refuses, and what needs a file that is not here, raises
Unresolved: a stage is then reported as not checked, and never wrongly.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

DEFAULT_PARAMS = "params.yaml"

# The same expression as DVC's own: `\${` is an escape.
_TEMPLATE = re.compile(r"(?<!\\)\${(?P<inner>.*?)}")
_MAX_STAGES = 10_000
# The only part of a stage into which DVC writes a mapping, as options of a command line.
_COMMAND = "cmd"


class UnresolvedTemplate(Exception):
    """Why a template cannot be filled in without DVC."""


Read = Callable[[str, str], tuple[str, Mapping[str, Any] | None]]


@dataclass(frozen=True)
class Variables:
    """What templates may name. `read` gives the place of a path in a folder, and the values of the file there.

    `imports` are the files that were read, with the keys that were taken of each, None for all. `booleans` and
    `lists` say how DVC is set to write a mapping's values into a command (`[parsing]` in `.dvc/config`).
    """

    read: Read
    values: Mapping[str, Any] = field(default_factory=dict)
    imports: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    booleans: str = "store_true"
    lists: str = "nargs"

    def extended(self, items: Any, folder: str) -> Variables:
        """With what a `vars:` adds: mappings, files, and some keys of files. Raises Unresolved."""
        found = self
        for item in items if isinstance(items, list) else ():
            if _TEMPLATE.search(str(item)):
                raise UnresolvedTemplate("its vars hold a template, which DVC refuses")
            if isinstance(item, dict):
                found = replace(found, values=merged(found.values, item))
            else:
                found = found.imported(str(item), folder)
        return found

    def imported(self, item: str, folder: str) -> Variables:
        """With `file.yaml`, or `file.yaml:key,key`. Raises Unresolved."""
        path, _, names = item.partition(":")
        keys = tuple(filter(None, names.split(",")))
        place, values = self.read(folder, path)
        if place in self.imports:
            before = self.imports[place]
            if not keys and before is None:
                return self
            if not keys or before is None or set(keys) & set(before):
                raise UnresolvedTemplate(f"the variables of {path!r} are loaded twice, which DVC refuses")
            keys = (*before, *keys)
        if values is None:
            raise UnresolvedTemplate(f"the variables of {path!r} cannot be read")
        if absent := [key for key in keys if key not in values]:
            raise UnresolvedTemplate(f"{path!r} has no variable {absent[0]!r}")
        taken = {key: values[key] for key in keys or values}
        new = {key: value for key, value in taken.items() if key not in (self.imports.get(place) or ())}
        return replace(self, values=merged(self.values, new), imports={**self.imports, place: keys or None})

    def turned(self, extra: Mapping[str, Any]) -> Variables:
        """Within a turn of `foreach` or `matrix`."""
        return replace(self, values={**self.values, **extra})


def generated(name: str, definition: Mapping[str, Any], variables: Variables) -> Iterator[tuple[str, Any, Variables]]:
    """The stages that a definition stands for, by name, with the variables of each: one, or one for each turn of
    `foreach` or `matrix`. They are not filled in yet.
    """
    template: Any
    if "matrix" in definition:
        template = {key: value for key, value in definition.items() if key != "matrix"}
        turns = _matrix(definition["matrix"], variables)
    elif "foreach" in definition:
        template, turns = definition.get("do"), _foreach(definition["foreach"], variables)
    else:
        yield name, definition, variables
        return
    for count, (key, extra) in enumerate(turns.items()):
        if count == _MAX_STAGES:
            raise UnresolvedTemplate(f"it stands for more than {_MAX_STAGES} stages")
        yield f"{name}@{key}", template, variables.turned(extra)


def filled(value: Any, variables: Variables, key: str = "") -> Any:
    """`value`, below the entry `key` of a stage, with every template in it filled in.

    A text that is one template keeps its value's type; several in one text are each written as text.
    """
    if isinstance(value, dict):
        return {filled(name, variables, key): filled(inner, variables, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, variables, key) for inner in value]
    if not isinstance(value, str):
        return value
    found = list(_TEMPLATE.finditer(value))
    if len(found) == 1 and found[0].group() == value:
        return _spliced(_select(found[0]["inner"], variables.values), key)
    return _joined(value, found, lambda chosen: _written(_spliced(chosen, key), variables), variables)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two sets of variables; DVC refuses to overwrite a value, so the order means nothing."""
    result = dict(one)
    for key, value in other.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        elif key in result:
            raise UnresolvedTemplate(f"the variable {key!r} is defined twice")
        else:
            result[key] = value
    return result


def _joined(text: str, found: Iterable[re.Match[str]], write: Callable[[Any], str], variables: Variables) -> str:
    parts, end = [], 0
    for match in found:
        parts += [text[end : match.start()], write(_select(match["inner"], variables.values))]
        end = match.end()
    return "".join([*parts, text[end:]]).replace("\\${", "${")


def _select(expression: str, values: Mapping[str, Any]) -> Any:
    value: Any = values
    for step in expression.replace("[", ".").replace("]", "").split("."):
        try:
            value = value[int(step)] if isinstance(value, list | tuple) else value[step.strip()]
        except (LookupError, TypeError, ValueError):
            raise UnresolvedTemplate(f"${{{expression}}} has no value") from None
    return value


def _spliced(value: Any, key: str) -> Any:
    if isinstance(value, list | tuple | set) or (isinstance(value, dict) and key != _COMMAND):
        raise UnresolvedTemplate("a mapping or list is spliced into text, which DVC refuses")
    return value


def _written(value: Any, variables: Variables) -> str:
    return " ".join(_options(value, variables)) if isinstance(value, dict) else _text(value)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _options(values: Mapping[str, Any], variables: Variables, prefix: str = "--") -> Iterator[str]:
    """`{lr: 0.1, deep: {on: true}}` → `--lr 0.1`, `--deep.on`."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _options(value, variables, f"{name}.")
        elif isinstance(value, bool):
            no = f"--no-{name[2:]}" if variables.booleans == "boolean_optional" else ""
            yield from filter(None, [name if value else no])
        elif isinstance(value, list | tuple):
            yield from _listed(name, value, variables.lists == "append")
        else:
            yield f"{name} {_quoted(value)}"


def _listed(name: str, values: Iterable[Any], each: bool) -> Iterator[str]:
    for count, value in enumerate(values):
        if isinstance(value, list | dict | tuple):
            raise UnresolvedTemplate("a list of lists or mappings is spliced into a command, which DVC refuses")
        yield f"{name} {_quoted(value)}" if each or not count else _quoted(value)


def _quoted(value: Any) -> str:
    return shlex.quote(value) if isinstance(value, str) else str(value)


def _foreach(written: Any, variables: Variables) -> dict[str, dict[str, Any]]:
    data, templated = _data(written, variables)
    if isinstance(data, dict):
        return {_text(key): {"item": value, "key": _text(key)} for key, value in data.items()}
    if not isinstance(data, list):
        raise UnresolvedTemplate("foreach needs a list or a mapping")
    composite = any(isinstance(value, dict | list) for value in data)
    return {
        str(index) if composite else _named(value, one): {"item": value}
        for index, (value, one) in enumerate(zip(data, templated, strict=True))
    }


def _matrix(written: Any, variables: Variables) -> dict[str, dict[str, Any]]:
    templated = isinstance(written, str)
    given = _unwrapped(written, variables) if templated else written
    if not isinstance(given, dict):
        raise UnresolvedTemplate("matrix needs lists")
    columns = {name: _data(values, variables, templated) for name, values in given.items()}
    if not all(isinstance(values, list) for values, _ in columns.values()):
        raise UnresolvedTemplate("matrix needs lists")
    turns: dict[str, dict[str, Any]] = {}
    for combination in product(*(list(enumerate(zip(*column, strict=True))) for column in columns.values())):
        chosen = list(zip(columns, combination, strict=True))
        key = "-".join(
            f"{name}{index}" if isinstance(value, dict | list) else _named(value, one)
            for name, (index, (value, one)) in chosen
        )
        turns[key] = {"item": {name: value for name, (_, (value, _)) in chosen}, "key": key}
        if len(turns) > _MAX_STAGES:
            break
    return turns


def _data(written: Any, variables: Variables, templated: bool = False) -> tuple[Any, list[bool]]:
    """What turns are made of: filled in, and of a list which values came out of a template."""
    data = written if templated else _unwrapped(written, variables)
    if not isinstance(data, list):
        return data, []
    whole = templated or isinstance(written, str)
    return data, [True] * len(data) if whole else [isinstance(one, str) for one in written]


def _named(value: Any, templated: bool) -> str:
    # DVC names a turn after Python's own text of a value that came out of a template: `True`, and not `true`.
    return str(value) if templated else _text(value)


def _unwrapped(value: Any, variables: Variables) -> Any:
    """As `filled`, where a template may also stand for a list or a mapping."""
    if isinstance(value, dict):
        return {key: _unwrapped(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unwrapped(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value
    found = list(_TEMPLATE.finditer(value))
    if len(found) == 1 and found[0].group() == value:
        return _select(found[0]["inner"], variables.values)
    return _joined(value, found, lambda chosen: _text(_spliced(chosen, "")), variables)
