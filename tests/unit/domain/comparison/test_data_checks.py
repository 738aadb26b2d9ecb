"""What each check says of data that was planted, of honest data, and of data that is hardly any."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from gitops_mlops.domain.comparison.data_checks import (
    ModelFeatures,
    balance,
    duplicates,
    gate_of,
    identifiers_read,
    label_copies,
    shared,
    single_features,
    time_order,
    training_rows,
)
from gitops_mlops.domain.comparison.leakage import SingleFeature
from gitops_mlops.domain.comparison.overlap import overlap_of
from gitops_mlops.domain.comparison.report_parts import DataCheck
from gitops_mlops.domain.config.leakage import LeakageConfig
from gitops_mlops.domain.config.metrics import ModelTask

LEAKS = LeakageConfig.model_validate({})
SURE = ModelFeatures(("x",), sure=True)
NEW = ModelFeatures(("x",), sure=True, new=frozenset({"x"}))
GUESS = ModelFeatures(("x",), sure=False)


def leaks(**settings: Any) -> LeakageConfig:
    return LeakageConfig.model_validate({key.replace("_", "-"): value for key, value in settings.items()})


@pytest.mark.parametrize(
    ("strength", "task", "features", "status"),
    [
        (0.9499, ModelTask.BINARY, SURE, "pass"),
        (0.95, ModelTask.BINARY, SURE, "warn"),
        (0.8999, ModelTask.BINARY, NEW, "pass"),
        (0.9, ModelTask.BINARY, NEW, "warn"),
        (0.9899, ModelTask.MULTICLASS, SURE, "warn"),
        (0.99, ModelTask.BINARY, SURE, "block"),
        (0.99, ModelTask.REGRESSION, SURE, "block"),
        (0.9999, ModelTask.FORECASTING, SURE, "warn"),
        (0.9999, ModelTask.BINARY, GUESS, "warn"),
    ],
)
def test_a_feature_alone(strength: float, task: ModelTask, features: ModelFeatures, status: str) -> None:
    assert single_features([SingleFeature("x", strength)], features, task, LEAKS).status == status


def test_what_is_said_of_a_suspect() -> None:
    features = ModelFeatures(("delay_minutes",), True, new=frozenset({"delay_minutes"}), then={"delay_minutes": 0.61})
    check = single_features(
        [SingleFeature("delay_minutes", 0.9976), SingleFeature("b", 0.7)], features, ModelTask.BINARY, LEAKS
    )
    assert check.finding == "new feature 'delay_minutes' alone has AUC 0.997 (0.610 in the champion's data)"
    nearly = single_features([SingleFeature("b", 0.99999)], GUESS, ModelTask.REGRESSION, LEAKS)
    assert nearly.finding == "'b' alone has rank correlation 0.999; whether the model reads it is unknown"
    many = single_features([SingleFeature(f"x{i}", 0.96) for i in range(40)], SURE, ModelTask.BINARY, LEAKS)
    assert many.finding.endswith("; and 35 more")
    assert single_features([], SURE, ModelTask.BINARY, LEAKS).status == "unknown"


def test_a_copy_of_the_label() -> None:
    copy = [SingleFeature("x", 1.0, "the label, negated"), SingleFeature("y", 0.6)]
    assert label_copies(copy, SURE, "t", LEAKS).status == "block"
    assert label_copies(copy, GUESS, "t", LEAKS).status == "warn"
    assert label_copies(copy, SURE, "t", leaks(label="ignore")).status == "note"
    assert label_copies(copy[1:], SURE, "t", LEAKS).status == "pass"
    # A copy is told once, as a copy.
    assert single_features(copy, SURE, ModelTask.BINARY, LEAKS).finding == "the best alone, 'y', has AUC 0.600"
    assert single_features(copy[:1], SURE, ModelTask.BINARY, LEAKS).status == "unknown"
    greedy = ModelFeatures(("x",), sure=True, reads_target=True)
    assert label_copies([], greedy, "t", LEAKS).finding == "the model reads its own target 't'"
    assert label_copies([], greedy, "t", leaks(allowed=["t"])).status == "pass"


def days(first: int, count: int) -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=first + i) for i in range(count)]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda d: d, id="dates"),
        pytest.param(lambda d: d.isoformat(), id="text"),
        pytest.param(lambda d: f"{d.isoformat()}T10:00:00", id="text with a time"),
        pytest.param(lambda d: datetime(d.year, d.month, d.day, 7), id="datetimes"),
        pytest.param(lambda d: datetime(d.year, d.month, d.day, 7, tzinfo=UTC), id="with a zone"),
    ],
)
def test_time_order(form: Any) -> None:
    train, later, early = (
        pl.DataFrame({"t": [form(day) for day in days(*span)]}) for span in ((0, 50), (50, 10), (45, 10))
    )
    good = time_order(later, train, "t", True, LEAKS)
    assert good is not None
    assert good.status == "pass"
    assert "the training data ends at 2026-02-19" in good.finding
    bad = time_order(early, train, "t", True, LEAKS)
    assert bad is not None
    assert (bad.status, bad.finding[:46]) == ("block", "5 of 10 evaluation rows are not later: the tra")
    grouped = time_order(early, train, "t", False, LEAKS)
    assert grouped is not None
    assert grouped.status == "warn"


def test_order_of_one_day_in_two_types() -> None:
    train = pl.DataFrame({"t": ["2026-01-01", None]})
    found = time_order(pl.DataFrame({"t": [date(2026, 1, 2), None]}), train, "t", True, LEAKS)
    assert found is not None
    assert found.status == "pass"


@pytest.mark.parametrize(
    "values", [["a", "b"], ["2026-13-45", "2026-01-01"], [None, None], [True, False], [[1], [2]]]
)
def test_what_is_no_time_has_no_order(values: list[Any]) -> None:
    frame = pl.DataFrame({"t": values})
    assert time_order(frame, frame, "t", False, LEAKS) is None


def test_numbers_have_an_order_where_they_are_declared() -> None:
    train, test = pl.DataFrame({"t": [1, 2, 3]}), pl.DataFrame({"t": [3.0, 4.0]})
    assert time_order(test, train, "t", False, LEAKS) is None
    found = time_order(test, train, "t", True, LEAKS)
    assert found is not None
    assert found.finding == "1 of 2 evaluation rows are not later: the training data ends at 3 ('t')"
    lacking = time_order(test, train.rename({"t": "u"}), "t", True, LEAKS)
    assert lacking is not None
    assert lacking.status == "unknown"


def test_a_time_on_one_side_only_is_said() -> None:
    odd = time_order(
        pl.DataFrame({"t": days(0, 2)}), pl.DataFrame({"t": ["05.01.2026", "06.01.2026"]}), "t", False, LEAKS
    )
    assert odd == DataCheck(id="time order", status="unknown", finding="'t' is a time in one of the two only")


def test_lists_and_bytes_are_no_ids() -> None:
    frame = pl.DataFrame({"l": [[1]], "b": [b"\xff"]})
    assert shared(frame, frame, ["l", "b"], LEAKS).status == "unknown"


def test_shared_values() -> None:
    frame, training = (
        pl.DataFrame({"id": [1, 2, None], "u": ["a", "a", "b"]}),
        pl.DataFrame({"id": [2, 9], "u": ["b", None]}),
    )
    found = shared(frame, training, ["id", "u", "gone"], LEAKS)
    assert found.status == "warn"
    assert found.finding == (
        "1 of 2 values of 'id' are in the training data too; 1 of 2 values of 'u' are in the training data too"
    )
    assert shared(frame, training.head(0), ["id"], LEAKS).status == "pass"
    assert shared(frame, training, ["gone"], LEAKS).status == "unknown"
    other = pl.DataFrame({"id": pl.Series([7.0, None, 8.0]), "u": ["7", "9", None]})
    for here, there in ((other.select("id"), other.select(id="u")), (other.select(id="u"), other.select("id"))):
        assert "1 of 2 values of" in shared(here, there, ["id"], LEAKS).finding


def test_duplicates_and_contradictions() -> None:
    generator = np.random.default_rng(0)
    honest = pl.DataFrame({"x": generator.normal(size=300), "y": generator.integers(0, 2, 300)})
    assert duplicates(honest, "y", [], LEAKS).status == "pass"
    flipped = pl.concat([honest, honest.head(30).with_columns(y=1 - pl.col("y"))]).with_row_index("id")
    found = duplicates(flipped, "y", ["id"], LEAKS)
    assert (found.status, found.finding) == (
        "warn",
        "30 of 330 rows repeat another but for the label; 60 have different labels",
    )
    assert duplicates(pl.concat([honest, honest.head(2)]), "y", [], LEAKS).status == "note"
    categories = pl.DataFrame({"c": ["a", "b"] * 50, "y": [0, 1] * 50})
    assert duplicates(categories, "y", [], LEAKS).status == "note"


def test_honest_data_is_never_suspected() -> None:
    """Forty data sets of mixed columns: nothing blocks or warns."""
    for seed in range(40):
        generator = np.random.default_rng(seed)
        frame, training = (
            pl.DataFrame(
                {
                    "id": np.arange(first, first + 400),
                    "t": [date(2026, 1, 1) + timedelta(days=(first + i) // 20) for i in range(400)],
                    "x": generator.normal(size=400),
                    "c": generator.choice(list("abc"), 400),
                    "y": generator.integers(0, 2, 400),
                }
            )
            for first in (400, 0)
        )
        checks: list[DataCheck | None] = [training_rows(overlap_of(frame, training, "y", "id"), 0)]
        checks += [shared(frame, training, ["id"], LEAKS), time_order(frame, training, "t", True, LEAKS)]
        checks.append(duplicates(frame, "y", ["id"], LEAKS))
        assert [gate_of(check) for check in checks if check] == [None] * 4


def test_how_labels_are_spread() -> None:
    told = balance(ModelTask.BINARY, [("here", pl.Series([1, 1, 0, 1])), ("then", pl.Series(["b"] * 9 + ["a"]))])
    assert told.finding == "here '1' 75.0%, '0' 25.0%; then 'b' 90.0%, 'a' 10.0%"
    assert (
        balance(ModelTask.REGRESSION, [("here", pl.Series([1.0, 2, 3, 4, 9]))]).finding
        == "here median 3 (quartiles 2 and 4)"
    )
    assert balance(ModelTask.MULTICLASS, [("here", pl.Series([str(n) for n in range(9)]))]).finding.endswith(
        "and 5 more"
    )
    assert balance(ModelTask.BINARY, [("here", pl.Series([None, None]))]).status == "unknown"


def test_only_what_warns_or_blocks_is_a_gate() -> None:
    assert gate_of(identifiers_read([], SURE, LEAKS)) is None
    assert gate_of(DataCheck(id="x", status="unknown", finding="")) is None
    gate = gate_of(identifiers_read(["row"], SURE, leaks(identifiers="block")))
    assert gate is not None
    assert (gate.result.id, gate.result.status, gate.incomparable) == (
        "data: identifiers as features",
        "block",
        False,
    )


@pytest.mark.parametrize("name", ["\u202e|@x`<b>", "a" * 5000, "", "\x1b[31m\n"])
def test_hostile_names_stay_within_bounds(name: str) -> None:
    frame = pl.DataFrame({name: [1, 2], "y": [0, 1]})
    told = [
        shared(frame, frame, [name], LEAKS),
        identifiers_read([name] * 50, SURE, LEAKS),
        label_copies([SingleFeature(name, 1.0, "the label itself")] * 50, SURE, name, LEAKS),
        single_features([SingleFeature(name, 0.97)] * 50, SURE, ModelTask.BINARY, LEAKS),
        duplicates(frame, "y", [], LEAKS),
    ]
    assert all(len(check.finding) <= 2000 and "\n" not in check.finding for check in told)


def test_one_row() -> None:
    frame = pl.DataFrame({"x": [1.0], "y": [1], "l": [[1]], "b": [b"\xff"]})
    assert duplicates(frame, "y", [], LEAKS).status == "pass"
    assert duplicates(frame, "l", [], LEAKS).status == "pass"


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="is greater than certain"):
        leaks(suspect=0.99, certain=0.95)
