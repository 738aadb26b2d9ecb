"""A typed model out of a YAML document: every error at once, with path, line and the nearest known key.

What a place in the file expects is read off the model's own JSON Schema, so that messages and the published
schema cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core.core_schema import ErrorType

from gitops_mlops.domain.document.expected import expectation, keys_at, schema_at
from gitops_mlops.domain.document.yaml import Path, YamlDocument
from gitops_mlops.domain.errors import ConfigError, FileProblemLine
from gitops_mlops.domain.names import closest, suggest
from gitops_mlops.domain.shortening import VALUE, shorten


class ConfigSection(BaseModel):
    """Base of every part of a file that people write: kebab-case keys, nothing unknown, never changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=False,
        allow_inf_nan=False,
        # Compiled once, as part of the file that is read, and not once more for each class.
        defer_build=True,
    )


M = TypeVar("M", bound=BaseModel)


def typed(document: YamlDocument, model: type[M]) -> M:
    """The document's data as `model`; `"8080"` is not a number and `true` is none either.

    Raises ConfigError with every problem.
    """
    if document.data is None:
        raise ConfigError([document.problem((), "the file is empty")])
    try:
        # Strict JSON knows lists and words, where strict Python objects would have to be tuples and enums.
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    raise ConfigError(list(_problems(details, document, _schema(model))))


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    try:
        return model.model_json_schema()
    except PydanticInvalidForJsonSchema:
        # A project's model may hold what no schema can say; pydantic's own words tell what is wrong then.
        return {}


def _problems(details: list[Any], document: YamlDocument, schema: dict[str, Any]) -> Iterator[FileProblemLine]:
    """One problem a place: a union reports each of its members, and what stands deeper tells more."""
    found: dict[Path, tuple[str, str, bool]] = {}
    for detail in details:
        path = _document_path(detail["loc"], document.data, detail["type"] == "missing")
        known = found.get(path)
        said = _said(detail, path, document, schema)
        # What our own validators say is more telling than the list of what else would be allowed.
        if known is None or (known[2] and not said[2]):
            found[path] = said
    for path, (message, hint, generic) in found.items():
        if not (generic and any(len(other) > len(path) and other[: len(path)] == path for other in found)):
            yield document.problem(path, message, hint)


def _said(detail: Any, path: Path, document: YamlDocument, schema: dict[str, Any]) -> tuple[str, str, bool]:
    """Message, hint, and whether it only says what the place expects."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        key = str(path[-1])
        return f"unknown key {key!r}", suggest(key, keys_at(schema, path[:-1])), False
    if kind == "missing":
        return "this key is missing", "", False
    if kind in ("value_error", "assertion_error"):
        message, _, hint = str(detail["ctx"]["error"]).partition(" → ")
        return message, hint, False
    found = schema_at(schema, path) if schema else []
    if not found or _is_beyond_schemas(kind):
        return str(detail["msg"]), "", False
    value = _value_at(document.data, path)
    words = [str(word) for one in found for word in one.get("enum", ())]
    return f"must be {expectation(found, schema)}, not {_shown(value)}", closest(str(value), words), True


def _is_beyond_schemas(kind: str) -> bool:
    """Whether it can be wrong where all is as the schema says: a date that is none, an error of the model's own."""
    if kind.endswith("_type"):
        return False
    unsaid = kind.partition("_")[0] in {"date", "datetime", "time", "timezone", "url", "uuid", "decimal", "multiple"}
    return unsaid or kind not in get_args(ErrorType)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    shown = "nothing" if value is None else text
    return shorten(shown, VALUE)


def _value_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _document_path(loc: tuple[str | int, ...], data: Any, missing: bool) -> Path:
    """Pydantic's location without what is not a key of the document (`[key]`, names of union members)."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        if _holds(data, part):
            data = data[part]
        elif not (missing and position == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)
