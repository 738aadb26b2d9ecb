"""Which changes of a contract break whom.

Readers use data written under the new contract with code that knows the old one; writers go on writing as
the old contract allowed; serving is a model trained under the old contract that must score what the new
one lets in. A tightening breaks nobody as long as the data passes, so only a validation can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from gitops_mlops.domain.contracts.contract import Column, Contract, Scalar
from gitops_mlops.domain.shortening import FEW, first_of

Party = Literal["readers", "writers", "serving"]
Kind = Literal["breaking", "serving-breaking", "tightening", "compatible"]

_UNCHECKED = "the column may now be of any type and hold any value"
_ALL: tuple[Party, ...] = ("readers", "writers", "serving")


@dataclass(frozen=True)
class ContractChange:
    """One change. `column` is None for the whole table; `change` is what happened, in a few words.

    `tightens` marks a change that refuses values the old contract allowed, without changing what they mean.
    """

    column: str | None
    change: str
    breaks: tuple[Party, ...]
    message: str
    tightens: bool = False

    @property
    def kind(self) -> Kind:
        """How much it matters: breaking is for readers or writers."""
        if "readers" in self.breaks or "writers" in self.breaks:
            return "breaking"
        if self.breaks:
            return "serving-breaking"
        return "tightening" if self.tightens else "compatible"

    def plain(self) -> dict[str, Any]:
        """The change as JSON-ready data."""
        return {**asdict(self), "breaks": list(self.breaks), "kind": self.kind}


def compare_contracts(old: Contract, new: Contract) -> list[ContractChange]:
    """Every change that matters to someone, in the order of the old contract's columns, then the new one's."""
    changes: list[ContractChange] = []
    for name, column in old.columns.items():
        if name in new.unchecked:
            changes.append(ContractChange(name, "no longer checked", ("readers", "serving"), _UNCHECKED))
        elif name not in new.columns:
            changes.append(_removed(name, old, new))
        else:
            changes += _column_changes(name, column, new.columns[name])
    changes += [_added(name, column, old) for name, column in new.columns.items() if name not in old.columns]
    changes += _unchecked_changes(old, new)
    changes += _table_changes(old, new)
    return changes


def breaking(changes: Iterable[ContractChange]) -> list[ContractChange]:
    """Those that break someone."""
    return [change for change in changes if change.breaks]


def _removed(name: str, old: Contract, new: Contract) -> ContractChange:
    twins = [
        other
        for other, column in new.columns.items()
        if other not in old.columns and _definition(column) == _definition(old.columns[name])
    ]
    renamed = f", or renamed to {twins[0]!r}" if len(twins) == 1 else ""
    # A strict contract refuses the column from writers who still send it.
    breaks: tuple[Party, ...] = _ALL if new.strict else ("readers", "serving")
    return ContractChange(name, "column removed", breaks, f"the column was removed{renamed}")


def _unchecked_changes(old: Contract, new: Contract) -> Iterator[ContractChange]:
    for name in old.unchecked:
        if name not in new.unchecked and name not in new.columns:
            breaks: tuple[Party, ...] = _ALL if new.strict else ("readers", "serving")
            yield ContractChange(name, "column removed", breaks, "the column was removed")
    for name in new.unchecked:
        if name not in old.unchecked and name not in old.columns:
            message = "a required column without checks: older tables lack it"
            yield ContractChange(name, "required column added", ("writers",), message)


def _definition(column: Column) -> dict[str, Any]:
    return column.model_dump(exclude={"description"})


def _added(name: str, column: Column, old: Contract) -> ContractChange:
    if name in old.unchecked:
        return _tightening(name, "became checked", "any type and value was allowed")
    if column.mandatory:
        message = "a required column without a default: older tables and requests lack it"
        return ContractChange(name, "required column added", ("writers",), message)
    how = "optional" if column.default is None else "with a default"
    return ContractChange(name, "column added", (), f"new, {how}")


def _column_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    type_changes = list(_type_changes(name, old, new))
    yield from type_changes
    yield from _presence_changes(name, old, new)
    yield from _null_changes(name, old, new)
    yield from _meaning_changes(name, old, new)
    # Bounds and choices of types that cannot be compared say nothing about each other.
    comparable = old.type == new.type or old.type.holds(new.type) or new.type.holds(old.type)
    if comparable:
        yield from _bound_changes(name, old, new)
        yield from _choice_changes(name, old, new)
        yield from _text_changes(name, old, new)


def _type_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    if old.type == new.type:
        return
    how = f"{old.type} became {new.type}"
    if new.type.holds(old.type):
        yield ContractChange(name, "type widened", (), f"{how}, which holds every earlier value")
    elif old.type.holds(new.type):
        yield ContractChange(name, "type narrowed", ("writers",), f"{how}, which does not hold every earlier value")
    else:
        yield ContractChange(name, "type changed", _ALL, how)


def _presence_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    defaults = f"the default was {_word(old.default)} and is {_word(new.default)}"
    if new.mandatory and not old.mandatory:
        yield ContractChange(name, "became required", ("writers",), "tables that lack the column are now refused")
    elif old.mandatory and not new.mandatory:
        filled = new.default is not None
        message = f"tables may now lack the column{', and readers fill in the default' if filled else ''}"
        yield ContractChange(name, "became optional", () if filled else ("readers", "serving"), message)
    elif old.default is not None and old.default != new.default:
        yield ContractChange(name, "default changed", ("serving",), defaults)
    elif old.default != new.default:
        yield ContractChange(name, "default added", (), defaults)


def _null_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    if old.nullable and not new.nullable:
        yield ContractChange(name, "nulls refused", ("writers",), "nulls were allowed")
    elif new.nullable and not old.nullable:
        yield ContractChange(name, "nulls allowed", ("serving",), "a model may meet nulls that it never saw")
    else:
        yield from _limit(name, "max-nulls", old.max_nulls, new.max_nulls, up=True)
    if new.infinite and not old.infinite:
        yield ContractChange(name, "infinity allowed", ("serving",), "a model may meet infinite values")
    if old.infinite and not new.infinite:
        yield _tightening(name, "infinity refused", "infinite values were allowed")
    if old.unique and not new.unique:
        yield ContractChange(name, "no longer unique", ("readers",), "a join on it may now multiply rows")
    if new.unique and not old.unique:
        yield _tightening(name, "became unique", "repeated values are now refused")


def _meaning_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    if old.unit != new.unit:
        known = old.unit is not None and new.unit is not None
        message = f"the unit was {_word(old.unit)} and is {_word(new.unit)}"
        yield ContractChange(name, "unit changed", _ALL if known else (), message)
    if old.description != new.description:
        message = "another description: if the meaning changed too, give the column a new name"
        yield ContractChange(name, "description changed", (), message)


def _bound_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    if old.type.has_order:
        yield from _limit(name, "min", old.low, new.low, up=False)
        yield from _limit(name, "max", old.high, new.high, up=True)


def _limit(
    name: str | None,
    key: str,
    old: Scalar | None,
    new: Scalar | None,
    *,
    up: bool,
    loose: tuple[Party, ...] = ("serving",),
) -> Iterator[ContractChange]:
    """A limit that moved; `up` says that a greater one accepts more. None is no limit."""
    if old == new:
        return
    message = f"{key} was {_word(old)} and is {_word(new)}"
    if new is None or (old is not None and (new > old) == up):  # type: ignore[operator]
        yield ContractChange(name, f"{key} loosened", loose, message)
    else:
        yield _tightening(name, f"{key} tightened", message)


def _choice_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    before, after = old.choices, new.choices
    if before is None and after is not None:
        yield _tightening(name, "values restricted", f"only {len(after)} values are allowed now")
    elif before is not None and after is None:
        yield ContractChange(name, "values unrestricted", ("serving",), "any value is allowed now")
    elif before is not None and after is not None:
        if gained := [value for value in after if value not in before]:
            message = f"a model never saw {_list(gained)}"
            yield ContractChange(name, "values added", ("serving",), message)
        if lost := [value for value in before if value not in after]:
            yield _tightening(name, "values removed", f"{_list(lost)} is now refused")


def _text_changes(name: str, old: Column, new: Column) -> Iterator[ContractChange]:
    yield from _limit(name, "max-length", old.max_length, new.max_length, up=True)
    if old.pattern == new.pattern:
        return
    message = f"the pattern was {_word(old.pattern)} and is {_word(new.pattern)}"
    if old.pattern is None:
        yield _tightening(name, "pattern added", message)
    else:
        # Whether one pattern accepts all that another does cannot be told in general.
        change = "pattern removed" if new.pattern is None else "pattern changed"
        yield ContractChange(name, change, ("serving",), message, tightens=new.pattern is not None)


def _table_changes(old: Contract, new: Contract) -> Iterator[ContractChange]:
    if new.strict and not old.strict:
        yield _tightening(None, "became strict", "columns that the contract does not name are now refused")
    if old.strict and not new.strict:
        yield ContractChange(None, "no longer strict", (), "further columns are allowed")
    yield from _limit(None, "rows.min", old.rows.min, new.rows.min, up=False, loose=())
    yield from _limit(None, "rows.max", old.rows.max, new.rows.max, up=True, loose=())
    before, after = ({frozenset(key) for key in one.unique} for one in (old, new))
    for key in sorted(before - after, key=sorted):
        message = f"rows may now share {_list(sorted(key))}"
        yield ContractChange(None, "key removed", ("readers",), message)
    for key in sorted(after - before, key=sorted):
        yield _tightening(None, "key added", f"rows that share {_list(sorted(key))} are now refused")


def _tightening(name: str | None, change: str, message: str) -> ContractChange:
    return ContractChange(name, change, (), f"{message}: compatible if the data passes", tightens=True)


def _word(value: Any) -> str:
    return "none" if value is None else str(value) if not isinstance(value, str) else repr(value)


def _list(values: Iterable[Any]) -> str:
    return first_of([_word(value) for value in values], FEW)
