"""The engine of `make tables` on a few tables, with the verdicts that its page promises."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import sklearn.datasets

from tests.tables.mutations import MUTATIONS
from tests.tables.public import PAGE, faults, table_of
from tests.tables.round_trip import RoundTrip, round_trip

SHIPPED = Path(sklearn.datasets.__file__).parent / "data"


def orders(folder: Path) -> Path:
    """A table to which all damage applies."""
    days = [date(2024, 1, 1) + timedelta(i) for i in range(60)]
    lines = [
        f"{i},{1000 + i},{day},{('card', 'cash')[i % 2]},{0.5 + i / 7:.2f},{i % 9 - 2},{i % 2}"
        for i, day in enumerate(days)
    ]
    path = folder / "orders.csv"
    path.write_text(",id,day,paid,price,change,new\n" + "\n".join(lines) + "\n")
    return path


def test_all_damage_applies_to_a_table_and_is_found(tmp_path: Path) -> None:
    found = round_trip(orders(tmp_path), "orders", tmp_path)
    assert (found.rows, found.refused, found.broken, found.parquet) == (60, "", "", "")
    assert found.damage.keys() == MUTATIONS.keys()
    assert [kind for kind, seen in found.damage.items() if not seen and not MUTATIONS[kind][1]] == []


def test_a_shipped_table_keeps_its_contract_and_damage_is_found(tmp_path: Path) -> None:
    found = round_trip(SHIPPED / "iris.csv", "iris", tmp_path)
    assert faults([found]) == []
    assert len(found.damage) >= 10


def test_a_shipped_table_whose_header_is_of_another_width_is_refused(tmp_path: Path) -> None:
    assert round_trip(SHIPPED / "wine_data.csv", "wine", tmp_path).refused


def test_what_must_not_be_is_a_fault_and_nothing_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("a,b\n")
    refused = round_trip(tmp_path / "empty.csv", "empty", tmp_path)
    wrong = RoundTrip(
        "t", 3, broken="a type: is not of type int64", damage={"a column is gone": False, "a row twice": False}
    )
    assert faults([refused, wrong]) == [
        "t breaks its contract: a type: is not of type int64",
        "t: unseen: a column is gone",
    ]
    said = table_of([refused, wrong])
    assert "`infer` wrote a contract for 1; 0 keep it" in said
    assert "- 1 refused: the table has no rows to learn from" in said
    assert "| a column is gone | 1 | 0 | 1 |" in said


def test_the_page_has_every_kind_of_damage() -> None:
    assert [line.split(" | ")[0][2:] for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][
        1:
    ] == [*MUTATIONS]
