"""Regular expressions that strangers may have written, in an engine that cannot be made to hang.

Rust's `regex` takes time linear in the text and knows no backreferences and no lookaround, which would
break that. pydantic's core carries the same engine that Polars has, so a pattern is checked here exactly
as it will run, and serving can match with it without Polars.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

from gitops_mlops.domain.shortening import first_line

MAX_LENGTH = 1000


def pattern_problem(pattern: str) -> str:
    """Why `pattern` cannot be used, with ` → ` before what to do; "" when it can."""
    if len(pattern) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters → list allowed values instead"
    try:
        # The bare pattern too: `a)(b` becomes valid only by what is put around it.
        _compile(pattern)
        _compile(whole(pattern))
    except SchemaError as error:
        return (
            f"not a regular expression that can be used ({_reason(error)})"
            " → Rust's syntax: no lookaround, no backreferences"
        )
    return ""


def whole(pattern: str) -> str:
    """`pattern`, for engines that search, so that it must match from the first to the last character."""
    return rf"\A(?:{pattern})\z"


@lru_cache(maxsize=256)
def whole_matcher(pattern: str) -> Callable[[str], bool]:
    """A test whether a whole text matches, in time linear in its length."""
    return _compile(whole(pattern)).isinstance_python


def searcher(pattern: str) -> Callable[[str], bool]:
    """A test whether a text contains what `pattern` describes, in time linear in its length."""
    return _compile(pattern).isinstance_python


def _compile(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _reason(error: SchemaError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("error: ")] or lines[-1:]
    return first_line(telling[0].removeprefix("error: "))
