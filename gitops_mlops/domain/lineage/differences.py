"""What differs between two sets of named values, where a value may be absent, which is not the same as null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from gitops_mlops.domain.pipeline.parameters import same


class AbsentValue(Enum):
    """There is no value, not even null."""

    ABSENT = "absent"


ABSENT: Final = AbsentValue.ABSENT


class ValueDifference(NamedTuple):
    """A name whose values differ; one of them may be ABSENT."""

    name: str
    old: Any
    new: Any


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[ValueDifference, ...]:
    """The names whose values differ, in the order of the names."""
    names = sorted({*old, *new})
    pairs = (ValueDifference(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names)
    return tuple(pair for pair in pairs if not _equal(pair.old, pair.new))


def flattened(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Values by dotted name: mappings are opened, and lists of gates by what each gate is; other lists are values."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flattened(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) and "metric" in each for each in value):
        seen: dict[str, int] = {}
        for each in value:
            # A position would make every gate behind a new one look changed.
            gate = f"{each['metric']} {each['rule']}" if "rule" in each else str(each["metric"])
            seen[gate] = seen.get(gate, 0) + 1
            number = f" {seen[gate]}" if seen[gate] > 1 else ""
            yield from flattened(dict(each), f"{name}[{gate}{number}]")
    else:
        yield name, value


def _equal(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    # To Python true is 1; to whoever reads a parameter it is not.
    return isinstance(one, bool) == isinstance(other, bool) and same(one, other)
