r"""DVC's `${...}`: values of `params.yaml` and `vars:` put into the stages of `dvc.yaml`.

What DVC can do and this cannot (mappings spliced into a command, a `vars:` of a stage's own) raises
Unresolved: a stage is then reported as not checked, and never wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

# The same expression as DVC's own: `\${` is an escape.
_TEMPLATE = re.compile(r"(?<!\\)\${(?P<inner>.*?)}")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^.\[\]]+)\]")
_MAX_STAGES = 10_000


class Unresolved(Exception):
    """Why a template cannot be filled in without DVC."""


def generated(name: str, definition: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The stages that a definition stands for, by name: one, or one for each turn of `foreach` or `matrix`."""
    if "foreach" in definition:
        turns, template = _foreach(resolved(definition["foreach"], context)), definition.get("do")
    elif "matrix" in definition:
        template = {key: value for key, value in definition.items() if key != "matrix"}
        turns = _matrix(resolved(definition["matrix"], context))
    else:
        yield name, resolved(definition, context)
        return
    for count, (key, extra) in enumerate(turns):
        if count == _MAX_STAGES:
            raise Unresolved(f"it stands for more than {_MAX_STAGES} stages")
        yield f"{name}@{key}", resolved(template, {**context, **extra})


def resolved(value: Any, context: Mapping[str, Any]) -> Any:
    """`value` with every template in it filled in; a text that is one template keeps its value's type."""
    if isinstance(value, dict):
        return {str(resolved(key, context)): resolved(inner, context) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, context) for inner in value]
    if not isinstance(value, str):
        return value
    if whole := _TEMPLATE.fullmatch(value):
        return _select(whole["inner"], context)
    return _TEMPLATE.sub(lambda match: _text(_select(match["inner"], context)), value).replace("\\${", "${")


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two sets of variables; DVC refuses to overwrite a value, so the order means nothing."""
    result = dict(one)
    for key, value in other.items():
        mine = result.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[key] = merged(mine, value)
        elif key in result:
            raise Unresolved(f"the variable {key!r} is defined twice")
        else:
            result[key] = value
    return result


def _select(expression: str, context: Mapping[str, Any]) -> Any:
    value: Any = context
    steps = [one or other for one, other in _STEP.findall(f".{expression.strip()}")]
    for step in steps:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise Unresolved(f"${{{expression}}} has no value")
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise Unresolved("a mapping or list is spliced into text")
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _foreach(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, {"item": value, "key": key}
    elif isinstance(data, list):
        composite = any(isinstance(value, dict | list) for value in data)
        for index, value in enumerate(data):
            yield str(index) if composite else _text(value), {"item": value}
    else:
        raise Unresolved("foreach needs a list or a mapping")


def _matrix(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(data, dict) or not all(isinstance(values, list) for values in data.values()):
        raise Unresolved("matrix needs lists")
    for combination in product(*(list(enumerate(values)) for values in data.values())):
        item = {name: value for name, (_, value) in zip(data, combination, strict=True)}
        parts = [
            f"{name}{index}" if isinstance(value, dict | list) else _text(value)
            for name, (index, value) in zip(data, combination, strict=True)
        ]
        key = "-".join(parts)
        yield key, {"item": item, "key": key}
