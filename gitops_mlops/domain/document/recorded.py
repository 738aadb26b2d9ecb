"""Files that an earlier version recorded: their keys become today's here, before anything of them is validated.

A file names its form as `gitops-mlops/KIND/NUMBER`. A form that changed its keys has a row in `_RENAMES`: where in
the file, and what each old key is called since. What is nested in another file is brought up with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.shortening import WORD, shorten

M = TypeVar("M", bound=BaseModel)
Renames = tuple[tuple[str, Mapping[str, str]], ...]

_NAME = re.compile(r"gitops-mlops/([a-z]+)/([1-9][0-9]{0,3})\Z")
_METRIC = {"needed": "required_sample_size"}
# By kind and number, what changed in the next number. `[]` stands for each item of a list. Paths have the old keys,
# so the innermost come first.
_RENAMES: Mapping[tuple[str, int], Renames] = {
    ("report", 1): (
        ("metrics[]", _METRIC),
        ("slices[].metrics[]", _METRIC),
        ("frozen.metrics[]", _METRIC),
        ("anchor.metrics[]", _METRIC),
        ("recipe.metrics[]", _METRIC),
        ("slice_search.found[].metrics[]", _METRIC),
        (
            "slice_search",
            {"paired": "paired_columns", "searched": "slices_searched", "worse": "slices_worse", "found": "slices"},
        ),
        ("gates[]", {"demand": "requirement"}),
        ("honesty.checks[]", {"found": "finding"}),
        ("honesty.datasets[]", {"rows_then": "champion_rows", "rows_now": "challenger_rows"}),
        (
            "honesty.columns[]",
            {
                "missing_then": "champion_missing",
                "missing_now": "challenger_missing",
                "came": "added",
                "went": "removed",
            },
        ),
        ("fairness[].groups[].champion", {"selected": "selection_rate"}),
        ("fairness[].groups[].challenger", {"selected": "selection_rate"}),
        ("", {"frozen": "frozen_rows", "anchor": "long_term", "honesty": "data_checks"}),
    ),
    ("repro", 1): (
        ("differences[]", {"recorded": "recorded_digest", "got": "observed_digest"}),
        ("", {"tail": "log_tail"}),
    ),
    ("review", 1): (
        ("failures[]", {"told": "message"}),
        ("datasets[]", {"told": "message", "count": "rules_broken"}),
        ("models[]", {"told": "message"}),
        ("lock", {"troubles": "problems", "mend": "fix"}),
        ("", {"trained": "training", "shortened": "shortened_parts"}),
    ),
}
# Whole files inside a file.
_NESTED: Mapping[str, tuple[str, ...]] = {"review": ("pipeline", "models[].report")}


@dataclass(frozen=True)
class RecordedForm:
    """The form of a file: its schema, how many bytes it may have, and how to get one where it is none."""

    schema: str
    limit: int
    hint: str


def read_recorded(content: str | bytes, wanted: type[M], form: RecordedForm, name: str) -> M:
    """The file `name` in `content`, of the form's schema or of an earlier number of it.

    It may be a stranger's. Raises MissingEvidence with the first thing that is wrong, also for a later number of the
    schema: only a newer toolkit reads it.
    """
    if len(content) > form.limit:
        raise MissingEvidence(f"larger than {form.limit} bytes", where=name, hint=form.hint)
    try:
        return wanted.model_validate_json(_current(content, form.schema, name))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # A key may be any text.
        place = shorten(" ".join(".".join(map(str, first["loc"])).split()), WORD)
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        what = f"not a {_parsed(form.schema)[0]} of schema {form.schema} ({reason})"
        raise MissingEvidence(what, where=name, hint=form.hint) from None


def _current(content: str | bytes, schema: str, name: str) -> str | bytes:
    """The same with today's keys. Text of a file is never cut, so that it is JSON that is validated."""
    try:
        data = from_json(content)
    except ValueError:
        return content
    refuse_newer(data.get("schema") if isinstance(data, dict) else None, schema, name)
    return json.dumps(data) if _brought_up(data, schema) else content


def refuse_newer(found: object, schema: str, name: str) -> None:
    """Raises MissingEvidence when a file's schema `found` is a later number of `schema`."""
    kind, number = _parsed(schema)
    if isinstance(found, str) and _NAME.match(found) and (there := _parsed(found))[0] == kind and there[1] > number:
        hint = "read it with the version that wrote it, or a newer one"
        raise MissingEvidence(f"has schema {found}, and this version reads {schema} at most", where=name, hint=hint)


def _brought_up(data: Any, schema: str) -> bool:
    """Whether `data` was of an earlier number; it is of `schema` then."""
    kind, newest = _parsed(schema)
    if not isinstance(data, dict) or not isinstance(found := data.get("schema"), str) or not _NAME.match(found):
        return False
    there, number = _parsed(found)
    if there != kind or number >= newest:
        return False
    for path in _NESTED.get(kind, ()):
        for part in _parts(data, path):
            if isinstance(inner := part.get("schema"), str) and _NAME.match(inner):
                _brought_up(part, f"gitops-mlops/{_parsed(inner)[0]}/{_newest(_parsed(inner)[0])}")
    for step in range(number, newest):
        for path, renames in _RENAMES.get((kind, step), ()):
            for part in _parts(data, path):
                _rename(part, renames)
    data["schema"] = schema
    return True


def _newest(kind: str) -> int:
    return max((number + 1 for known, number in _RENAMES if known == kind), default=1)


def _parsed(schema: str) -> tuple[str, int]:
    _, kind, number = schema.split("/")
    return kind, int(number)


def _parts(data: Any, path: str) -> Iterator[dict[str, Any]]:
    """The objects at a path; nothing where the file has something else there."""
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    found = data if not key else data.get(key) if isinstance(data, dict) else None
    for one in found if head.endswith("[]") and isinstance(found, list) else [found]:
        if rest:
            yield from _parts(one, rest)
        elif isinstance(one, dict):
            yield one


def _rename(part: dict[str, Any], renames: Mapping[str, str]) -> None:
    # A file that has both keys is none of ours: the old one stays, and is refused.
    for old, new in renames.items():
        if old in part and new not in part:
            part[new] = part.pop(old)
