"""Reading a forge's answers strictly: everything raises TypeError, KeyError or ValueError for a wrong shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gitops_mlops.domain.shortening import shorten
from gitops_mlops.reports.rendering.escape import visible

T = TypeVar("T")


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def words(value: Any) -> str:
    """A text; GitHub writes null for an empty one."""
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value or ""


def whole(value: Any) -> int:
    """An integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def truth(value: Any) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def optional(value: Any, parse: Callable[[Any], T]) -> T | None:
    """None for null."""
    return None if value is None else parse(value)


def sequence(value: Any, parse: Callable[[Any], T]) -> list[T]:
    """A list of such values."""
    if not isinstance(value, list):
        raise TypeError
    return [parse(one) for one in value]


def login(user: Any) -> str:
    """The login of a user, "" of an account that is gone."""
    return "" if user is None else text(user["login"])


def plain(body: str) -> str:
    """A text as forges keep it."""
    return body.replace("\r\n", "\n").strip()


def said(data: Any) -> str:
    """What the forge says about a refusal, in one short line; "" when it says nothing."""
    if not isinstance(data, dict):
        return ""
    found = [data.get("message")]
    errors = data.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            found.append(
                error.get("message") or " ".join(str(error.get(key, "")) for key in ("field", "code")).strip()
            )
        else:
            found.append(error)
    return shorten(visible("; ".join(one for one in found if isinstance(one, str) and one)), 200)
