"""The model behaves; run `dvc repro` first. Whether it is better is what `gitops-mlops compare` says."""

from __future__ import annotations

import polars as pl
import pytest
import skops.io
import yaml

from pipeline.evaluate import TRUSTED
from pipeline.prepare import PREPARED, TARGET
from pipeline.train import MODEL

ROWS = pl.read_parquet(PREPARED / "test.parquet")


@pytest.fixture(scope="module")
def model() -> object:
    return skops.io.load(MODEL, trusted=yaml.safe_load(TRUSTED.read_text("utf-8")))


def test_the_label_is_not_read(model) -> None:
    assert TARGET not in model.feature_names_in_


def test_a_day_is_forecast_alone(model) -> None:
    whole = model.predict(ROWS)
    assert model.predict(ROWS.reverse()) == pytest.approx(whole[::-1])
    assert model.predict(ROWS.head(1)) == pytest.approx(whole[:1])


def test_it_is_closer_than_as_today(model) -> None:
    error = (ROWS[TARGET] - pl.Series(model.predict(ROWS))).abs().mean()
    assert error < (ROWS[TARGET] - ROWS["mean_before"]).abs().mean()


def test_an_airport_that_it_never_saw_gets_a_forecast(model) -> None:
    assert abs(model.predict(ROWS.head(1).with_columns(pl.lit("BOS").alias("airport")))[0]) < 140


def test_a_missing_column_is_refused(model) -> None:
    with pytest.raises(ValueError, match="mean_before"):
        model.predict(ROWS.drop("mean_before"))
