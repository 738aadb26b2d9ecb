"""A typed model out of a YAML document: every error at once, with path, line and the nearest known key."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from gitops_mlops.domain.document import Document, Path
from gitops_mlops.domain.errors import ConfigError, Problem
from gitops_mlops.domain.names import perhaps


class Section(BaseModel):
    """Base of every part of a file that people write: kebab-case keys, nothing unknown, never changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=False,
        allow_inf_nan=False,
    )


M = TypeVar("M", bound=Section)


def typed(document: Document, model: type[M]) -> M:
    """The document's data as `model`. Raises ConfigError with every problem."""
    if document.data is None:
        raise ConfigError([document.problem((), "the file is empty")])
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(list(_problems(error, document, model))) from None


def _problems(error: ValidationError, document: Document, model: type[Section]) -> Iterator[Problem]:
    for detail in error.errors(include_url=False, include_context=True):
        path = _document_path(detail["loc"], document.data)
        if detail["type"] == "extra_forbidden":
            key = str(path[-1])
            known = [name for section in _sections_at(model, path[:-1]) for name in _keys(section)]
            yield document.problem(path, f"unknown key {key!r}", perhaps(key, known))
        elif detail["type"] == "missing":
            yield document.problem(path[:-1], f"the key {str(path[-1])!r} is missing")
        else:
            yield document.problem(path, *_words(detail))


def _words(detail: Any) -> tuple[str, str]:
    if detail["type"] == "value_error":
        message, _, hint = str(detail["ctx"]["error"]).partition(" → ")
        return message, hint
    given = detail["input"]
    shown = "" if isinstance(given, dict | list) else f", not {given!r}"[:80]
    if detail["type"] in ("literal_error", "enum"):
        known = [word.strip(" '") for word in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return f"must be one of {', '.join(known)}{shown}", perhaps(
            str(given), known
        ) if shown and "perhaps" in perhaps(str(given), known) else ""
    message = str(detail["msg"]).removeprefix("Input ").replace("should be", "must be")
    return f"{message}{shown}", ""


def _document_path(loc: tuple[str | int, ...], data: Any) -> Path:
    """Pydantic's location without what is no key of the document (`[key]`, names of union members)."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(data, dict) and (part in data or last):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part] if part < len(data) else None
        else:
            continue
        path.append(part)
    return tuple(path)


def _keys(section: type[Section]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _sections_at(model: type[Section], path: Path) -> list[type[Section]]:
    """Which sections may stand at `path`: unions and containers are looked through."""
    annotations: list[Any] = [model]
    for part in path:
        annotations = [inner for one in annotations for inner in _step(one, part)]
    return [section for one in annotations for section in _flatten(one)]


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    for one in _alternatives(annotation):
        origin = get_origin(one)
        if isinstance(one, type) and origin is None and issubclass(one, BaseModel):
            yield from (f.annotation for name, f in one.model_fields.items() if (f.alias or name) == part)
        elif origin in (dict,):
            yield get_args(one)[1]
        elif origin in (list, tuple):
            yield get_args(one)[0]


def _flatten(annotation: Any) -> Iterator[type[Section]]:
    for one in _alternatives(annotation):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, Section):
            yield one


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    elif hasattr(annotation, "__metadata__"):
        yield from _alternatives(get_args(annotation)[0])
    else:
        yield annotation
