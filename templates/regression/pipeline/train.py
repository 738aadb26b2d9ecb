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
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.prepare import BLOOD, BODY, PREPARED, TARGET

MODEL = Path("models/progression.skops")


def main() -> None:
    """Write the fitted model."""
    settings = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["train"]
    rows = pl.read_parquet(PREPARED / "train.parquet")
    model = build(settings)
    # One thread: sums in another order differ in the last digit, and the same inputs must give the same bytes.
    with threadpool_limits(1):
        model.fit(rows.select(*BODY, *BLOOD), rows[TARGET].to_list())
    save_model(model, MODEL)


def build(settings: dict[str, Any]) -> Pipeline:
    """The unfitted pipeline. It accepts every column of a row, and drops what it may not use."""
    used = [*BODY, *BLOOD] if settings["blood"] else [*BODY]
    weights = Ridge(alpha=settings["alpha"], solver="cholesky")
    return Pipeline([("numbers", ColumnTransformer([("scale", StandardScaler(), used)])), ("regress", weights)])


if __name__ == "__main__":
    main()
