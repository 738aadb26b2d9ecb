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


def test_a_patient_is_judged_alone(model) -> None:
    whole = model.predict(ROWS)
    assert model.predict(ROWS.reverse()) == pytest.approx(whole[::-1])
    assert model.predict(ROWS.head(1)) == pytest.approx(whole[:1])


def test_more_weight_means_more_progression(model) -> None:
    heavier = ROWS.with_columns(pl.col("bmi") + 5)
    assert (model.predict(heavier) > model.predict(ROWS)).all()


def test_it_beats_the_mean(model) -> None:
    error = (ROWS[TARGET] - pl.Series(model.predict(ROWS))).pow(2).mean()
    assert error < ROWS[TARGET].var()


def test_a_missing_column_is_refused(model) -> None:
    with pytest.raises(ValueError, match="bmi"):
        model.predict(ROWS.drop("bmi"))
