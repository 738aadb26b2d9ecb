"""The model behaves; run `dvc repro` first. Whether it is better is what `gitops-mlops compare` says."""

from __future__ import annotations

import polars as pl
import pytest
import skops.io
import yaml

from pipeline.evaluate import POSITIVE, TRUSTED
from pipeline.prepare import PREPARED, TARGET
from pipeline.train import MODEL

ROWS = pl.read_parquet(PREPARED / "test.parquet")


@pytest.fixture(scope="module")
def model() -> object:
    return skops.io.load(MODEL, trusted=yaml.safe_load(TRUSTED.read_text("utf-8")))


def chances(model, rows: pl.DataFrame) -> list[float]:
    return model.predict_proba(rows)[:, list(model.classes_).index(POSITIVE)].tolist()


def test_the_label_is_not_read(model) -> None:
    assert TARGET not in model.feature_names_in_


def test_a_tumour_is_judged_alone(model) -> None:
    whole = chances(model, ROWS)
    assert chances(model, ROWS.reverse()) == pytest.approx(whole[::-1])
    assert chances(model, ROWS.head(1)) == pytest.approx(whole[:1])


def test_malignant_tumours_get_higher_chances(model) -> None:
    with_chance = ROWS.with_columns(pl.Series("chance", chances(model, ROWS)))
    means = dict(with_chance.group_by(TARGET).agg(pl.col("chance").mean()).iter_rows())
    assert means["malignant"] > means["benign"] + 0.5


def test_a_missing_column_is_refused(model) -> None:
    with pytest.raises(ValueError, match="radius_mean"):
        chances(model, ROWS.drop("radius_mean"))
