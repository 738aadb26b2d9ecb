"""A body as strict JSON, and the shapes in it; what is wrong is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from gitops_mlops.domain.shortening import escaped


class HttpRefusal(Exception):
    """A request that gets `status` and `{"error": message, **details}`; `rows` is how many it had, if known."""

    def __init__(self, status: int, message: str, *, rows: int = 0, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.rows = rows
        self.details = dict(details or {})


def parse_json(body: bytes) -> Any:
    """The value in `body`. Raises HttpRefusal (400) for anything but one UTF-8 JSON value as RFC 8259 has it.

    A key that appears twice, NaN and Infinity are refused too: readers disagree on what they mean.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HttpRefusal(400, f"the body is not UTF-8 (byte {error.start})") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise HttpRefusal(
            400, f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise HttpRefusal(400, "the body is nested too deeply") from None
    except ValueError:
        # Python refuses integers of more than 4300 digits, whose conversion takes quadratic time.
        raise HttpRefusal(400, "the body holds an integer of thousands of digits") from None


def mapping_of(value: Any, what: str) -> dict[str, Any]:
    """An object. Raises HttpRefusal (400) for anything else."""
    if not isinstance(value, dict):
        raise HttpRefusal(400, f"{what} must be an object")
    return value


def list_of(value: Any, what: str) -> list[Any]:
    """A list. Raises HttpRefusal (400) for anything else."""
    if not isinstance(value, list):
        raise HttpRefusal(400, f"{what} must be a list")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise HttpRefusal(400, f"the body has the key {escaped(twice)} twice in one object")
    return made


def _constant(name: str) -> NoReturn:
    raise HttpRefusal(400, f"{name} is not JSON → send null for a missing value")
