"""Fit the model: one scikit-learn pipeline that reads raw rows, so that it sees in production what it saw here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import yaml
from gitops_mlops import save_model
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.prepare import MEAN, PREPARED, TARGET, WORST

MODEL = Path("models/tumour.skops")


def main() -> None:
    """Write the fitted model."""
    settings = yaml.safe_load(Path("params.yaml").read_text("utf-8"))["train"]
    rows = pl.read_parquet(PREPARED / "train.parquet")
    model = build(settings)
    # One thread: sums in another order differ in the last digit, and the same inputs must give the same bytes.
    with threadpool_limits(1):
        model.fit(rows.select(*MEAN, *WORST), rows[TARGET].to_list())
    save_model(model, MODEL)


def build(settings: dict[str, Any]) -> Pipeline:
    """The unfitted pipeline. It accepts every column of a row, and drops what it may not use."""
    used = [*MEAN, *WORST] if settings["worst"] else [*MEAN]
    weights = LogisticRegression(
        C=settings["c"], solver="saga", tol=1e-3, max_iter=5000, random_state=settings["seed"]
    )
    return Pipeline([("numbers", ColumnTransformer([("scale", StandardScaler(), used)])), ("classify", weights)])


if __name__ == "__main__":
    main()
