"""Random small tables and contracts: the counts of the one streaming pass equal those of a plain loop."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.domain.contracts.contract import Contract
from gitops_mlops.domain.contracts.table_checks import checks_of, wanted_types

TYPES = {"i": pl.Int16(), "f": pl.Float64(), "s": pl.String(), "d": pl.Date()}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "i": st.none() | st.integers(-5, 5),
    "f": st.none() | st.integers(-5, 5).map(float) | st.sampled_from([math.nan, math.inf, -math.inf]),
    "s": st.none() | st.text("ab\n,\"'é", max_size=3),
    "d": st.none() | st.dates(date(2013, 1, 1), date(2013, 1, 5)),
}


@st.composite
def columns(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"nullable": draw(st.booleans()), "unique": draw(st.booleans())}
    if fields["nullable"] and draw(st.booleans()):
        fields["max-nulls"] = draw(st.sampled_from([0.0, 0.25, 0.5]))
    names = {"i": "int32", "f": "float64", "s": "string", "d": "date"}
    fields["type"] = names[kind]
    known = VALUES[kind].filter(lambda value: value is not None and (kind != "f" or math.isfinite(value)))
    if kind != "s":
        for key in ("min", "max"):
            if draw(st.booleans()):
                fields[key] = draw(known)
    else:
        fields["pattern"] = draw(st.sampled_from([None, "a*", "[ab]{2}", "."]))
        fields["max-length"] = draw(st.sampled_from([None, 1, 2]))
    if draw(st.booleans()):
        fields["allowed"] = draw(st.lists(known, min_size=1, max_size=4, unique=True))
    if kind == "f":
        fields["infinite"] = draw(st.booleans())
    return fields


@st.composite
def cases(draw: st.DrawFn) -> tuple[Contract, dict[str, list[Any]]]:
    kinds = draw(st.lists(st.sampled_from("ifsd"), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(0, 8))
    data = {kind: draw(st.lists(VALUES[kind], min_size=rows, max_size=rows)) for kind in kinds}
    unique = [kinds] if len(kinds) > 1 and draw(st.booleans()) else []
    contract = Contract.model_validate(
        {
            "version": 1,
            "unique": unique,
            "rows": {"min": 0},
            "columns": {kind: draw(columns(kind)) for kind in kinds},
        }
    )
    return contract, data


def missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def naive(contract: Contract, data: dict[str, list[Any]]) -> dict[tuple[str | None, str], int]:
    found: dict[tuple[str | None, str], int] = {}
    for name, column in contract.columns.items():
        present = [value for value in data[name] if not missing(value)]
        nulls = len(data[name]) - len(present)
        if not column.nullable:
            found[name, "nulls"] = nulls
        elif column.max_nulls is not None and nulls > column.max_nulls * len(data[name]):
            found[name, "max-nulls"] = nulls
        low, high = column.min, column.max
        found[name, "min"] = sum(low is not None and value < low for value in present)
        found[name, "max"] = sum(high is not None and value > high for value in present)
        if name == "f" and not column.infinite and (low is None or high is None):
            found[name, "finite"] = sum(math.isinf(value) for value in present)
        if column.allowed is not None:
            found[name, "allowed"] = sum(value not in column.allowed for value in present)
        if column.pattern is not None:
            found[name, "pattern"] = sum(not re.fullmatch(column.pattern, value) for value in present)
        if column.max_length is not None:
            found[name, "max-length"] = sum(len(value) > column.max_length for value in present)
    keys = [(name,) for name, column in contract.columns.items() if column.unique]
    for key in [*keys, *contract.unique]:
        rows = [row for row in zip(*(data[name] for name in key), strict=True) if not any(map(missing, row))]
        shared = sum(number for number in Counter(rows).values() if number > 1)
        found[key[0] if len(key) == 1 else None, "unique"] = shared
    return {rule: number for rule, number in found.items() if number}


@given(cases())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_counts_equal_those_of_a_plain_loop(
    tmp_path_factory: Any, case: tuple[Contract, dict[str, list[Any]]]
) -> None:
    contract, data = case
    path = Path(tmp_path_factory.getbasetemp()) / "random.parquet"
    pl.DataFrame(data, schema={name: TYPES[name] for name in data}).write_parquet(path)
    tables = TableFiles()
    table = tables.open(path, path.name, wanted_types(contract))
    findings = tables.count(table, checks_of(contract, table))
    counted = {(one.column, one.check): one.rows for one in findings.violations}
    assert counted == naive(contract, data)
    assert findings.rows == len(next(iter(data.values())))
