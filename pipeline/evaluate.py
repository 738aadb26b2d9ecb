"""Judge the model on the days after those it was trained on: metrics, and the two curves that show where it errs.

What a pull request is judged by is `gitops-mlops compare`, which knows how sure the differences are; these
are the plain values that DVC keeps with every commit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn import metrics

from gitops_mlops import UsageError, load_model, to_pandas
from pipeline.prepare import DAY, PREPARED, TARGET
from pipeline.stage import Params, need, run

MODEL = Path("models/delay.skops")
TRUSTED = Path("contracts/trusted-types.yaml")
METRICS = Path("metrics")
POINTS = 50
BINS = 10

Array = np.ndarray[Any, Any]


def evaluate(params: Params) -> str:
    """Write `metrics/delay.json`, `metrics/roc.csv` and `metrics/calibration.csv`."""
    rows = pl.read_parquet(need(PREPARED / "test.parquet"))
    model = load_model(MODEL, TRUSTED)
    if not hasattr(model, "predict_proba"):
        raise UsageError("the model gives no probabilities", where=str(MODEL), hint="train a classifier")
    late = rows[TARGET].to_numpy()
    chance = model.predict_proba(to_pandas(rows.select(list(model.feature_names_in_))))[:, 1]
    METRICS.mkdir(exist_ok=True)
    values = {"rows": rows.height, "days": rows[DAY].n_unique(), **scores(late, chance, params.evaluate.threshold)}
    (METRICS / "delay.json").write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", "utf-8")
    roc(late, chance).write_csv(METRICS / "roc.csv", float_precision=4)
    calibration(late, chance).write_csv(METRICS / "calibration.csv", float_precision=4)
    return f"log-loss {values['log_loss']:.4f}, ROC-AUC {values['roc_auc']:.4f} on {values['days']} days"


def scores(late: Array, chance: Array, threshold: float) -> dict[str, float]:
    """Metrics of n labels and probabilities, to six decimals."""
    called = chance >= threshold
    found = {
        "late": late.mean(),
        "log_loss": metrics.log_loss(late, chance),
        "brier": metrics.brier_score_loss(late, chance),
        "roc_auc": metrics.roc_auc_score(late, chance),
        "average_precision": metrics.average_precision_score(late, chance),
        "accuracy": metrics.accuracy_score(late, called),
        "precision": metrics.precision_score(late, called, zero_division=0),
        "recall": metrics.recall_score(late, called),
    }
    return {name: round(float(value), 6) for name, value in found.items()}


def roc(late: Array, chance: Array) -> pl.DataFrame:
    """The ROC curve at evenly spaced false positive rates."""
    false, true, _ = metrics.roc_curve(late, chance)
    grid = np.linspace(0, 1, POINTS + 1)
    return pl.DataFrame({"false_positive_rate": grid, "true_positive_rate": np.interp(grid, false, true)})


def calibration(late: Array, chance: Array) -> pl.DataFrame:
    """What was predicted beside what came true, in bins of equally many flights."""
    rows = pl.DataFrame({"predicted": chance, "observed": late.astype(float)}).sort("predicted")
    bins = rows.with_row_index("row").with_columns((pl.col("row") * BINS // rows.height).alias("bin"))
    return (
        bins.group_by("bin", maintain_order=True)
        .agg(pl.col("predicted").mean(), pl.col("observed").mean(), pl.len().alias("flights"))
        .drop("bin")
    )


if __name__ == "__main__":
    run(evaluate)
