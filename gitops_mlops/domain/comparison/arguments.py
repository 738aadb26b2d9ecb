"""What a person names for a comparison: a model, the two sides of it, or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.names import is_artifact
from gitops_mlops.domain.shortening import WORD, quoted, shorten

_HINT = "write MODEL, OLD NEW or MODEL OLD NEW, where OLD and NEW are versions, MODEL#stage or revisions"


class ComparisonArguments(NamedTuple):
    """None is what was not said: the only model, what the stage holds, the working tree."""

    model: str | None = None
    champion: str | None = None
    challenger: str | None = None


def parse_arguments(words: Sequence[str]) -> ComparisonArguments:
    """`[]`, `[MODEL]`, `[OLD, NEW]` or `[MODEL, OLD, NEW]`. Raises UsageError for anything else.

    A side such as `delay@v1.2.3` or `delay#production` names the model too.
    """
    if len(words) > 3:
        raise UsageError(f"{len(words)} words are too many", hint=_HINT)
    if len(words) == 1:
        if "@" in words[0] or "#" in words[0]:
            raise UsageError("names one side of two", where=quoted(words[0]), hint=_HINT)
        return ComparisonArguments(words[0])
    model, sides = (words[0], words[1:]) if len(words) == 3 else (None, words)
    named = {name for name in map(_model, sides) if name} | ({model} if model else set())
    if len(named) > 1:
        raise UsageError(
            f"both sides must be of one model, not {shorten(' and '.join(sorted(named)), WORD)}", hint=_HINT
        )
    return ComparisonArguments(next(iter(named), None), *sides)


def _model(side: str) -> str | None:
    """The model in `m@v1.2.3` and `m#stage`; a revision such as `HEAD@{1}` names none."""
    name, at, rest = side.partition("@") if "@" in side else side.partition("#")
    return name if at and is_artifact(name) and not rest.startswith("{") else None
