"""Fit the model: one scikit-learn pipeline that reads raw rows, so that it sees in production what it saw here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import yaml
from gitops_mlops import save_model
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.prepare import AIR, PREPARED, SERIES, TARGET, WARMTH

MODEL = Path("models/temperature.skops")


def main() -> None:
    """Write the fitted model."""
    settings = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["train"]
    rows = pl.read_parquet(PREPARED / "train.parquet")
    model = build(settings)
    # One thread: sums in another order differ in the last digit, and the same inputs must give the same bytes.
    with threadpool_limits(1):
        model.fit(rows.select(SERIES, *WARMTH, *AIR), rows[TARGET].to_list())
    save_model(model, MODEL)


def build(settings: dict[str, Any]) -> Pipeline:
    """The unfitted pipeline. It accepts every column of a row, and drops what it may not use."""
    used = [*WARMTH, *AIR] if settings["air"] else [*WARMTH]
    place = OneHotEncoder(handle_unknown="ignore")
    features = ColumnTransformer([("place", place, [SERIES]), ("numbers", StandardScaler(), used)])
    return Pipeline([("features", features), ("regress", Ridge(alpha=settings["alpha"], solver="cholesky"))])


if __name__ == "__main__":
    main()
