"""Plain metrics of the model, which DVC keeps with every commit.

What a pull request is judged by is `gitops-mlops compare`, which knows how sure a difference is.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import skops.io
import yaml
from sklearn import metrics

from pipeline.prepare import PREPARED, TARGET
from pipeline.train import MODEL

METRICS = Path("metrics/progression.json")
TRUSTED = Path("contracts/trusted-types.yaml")


def main() -> None:
    """Write `metrics/progression.json`."""
    rows = pl.read_parquet(PREPARED / "test.parquet")
    model = skops.io.load(MODEL, trusted=yaml.safe_load(TRUSTED.read_text("utf-8")))
    truth, predicted = rows[TARGET].to_numpy(), model.predict(rows)
    values = {
        "rmse": metrics.root_mean_squared_error(truth, predicted),
        "mae": metrics.mean_absolute_error(truth, predicted),
        "r2": metrics.r2_score(truth, predicted),
    }
    METRICS.parent.mkdir(exist_ok=True)
    rounded = {name: round(float(value), 6) for name, value in values.items()}
    METRICS.write_text(json.dumps({"rows": rows.height, **rounded}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
