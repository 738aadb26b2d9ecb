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

METRICS = Path("metrics/tumour.json")
TRUSTED = Path("contracts/trusted-types.yaml")
POSITIVE = "malignant"


def main() -> None:
    """Write `metrics/tumour.json`."""
    rows = pl.read_parquet(PREPARED / "test.parquet")
    model = skops.io.load(MODEL, trusted=yaml.safe_load(TRUSTED.read_text("utf-8")))
    chance = model.predict_proba(rows)[:, list(model.classes_).index(POSITIVE)]
    truth = (rows[TARGET] == POSITIVE).to_numpy()
    values = {
        "log_loss": metrics.log_loss(truth, chance),
        "roc_auc": metrics.roc_auc_score(truth, chance),
        "recall": metrics.recall_score(truth, chance >= 0.5),
        "precision": metrics.precision_score(truth, chance >= 0.5),
    }
    METRICS.parent.mkdir(exist_ok=True)
    rounded = {name: round(float(value), 6) for name, value in values.items()}
    METRICS.write_text(json.dumps({"rows": rows.height, **rounded}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
