"""Fit the model: one scikit-learn pipeline that holds its own feature code and reads raw rows.

Stock transformers only, so that whoever loads the file needs nothing of this repository, and the model sees
in production what it saw in training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from gitops_mlops import save_model, to_pandas
from pipeline.prepare import PREPARED, SCHEDULE, TARGET, WEATHER
from pipeline.stage import Params, Train, need, run

MODEL = Path("models/delay.skops")
FEATURES = (*SCHEDULE, *WEATHER)
PLACES = ("carrier", "origin", "dest")

# A value seen on fewer flights is pooled with the other rare ones.
RARE = 200


def train(params: Params) -> str:
    """Write the fitted model."""
    rows = pl.read_parquet(need(PREPARED / "train.parquet"))
    model = build(params.train)
    # One thread: sums in another order differ in the last digit, and the same inputs must give the same bytes.
    with threadpool_limits(1):
        model.fit(to_pandas(rows.select(FEATURES)), rows[TARGET].to_numpy())
    save_model(model, MODEL)
    return f"trained {params.train.algorithm} on {rows.height:,} flights: {MODEL.stat().st_size:,} bytes"


def build(settings: Train) -> Pipeline:
    """The unfitted pipeline. It accepts every raw column, and drops what it may not use."""
    weather = list(WEATHER) if settings.weather else []
    if settings.algorithm == "logistic":
        return Pipeline([("features", _for_weights(weather)), ("classify", _logistic(settings))])
    return Pipeline([("features", _for_trees(weather)), ("classify", _boosting(settings))])


def _for_weights(weather: list[str]) -> ColumnTransformer:
    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    known = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RARE)
    return ColumnTransformer(
        [("known", known, [*PLACES, "weekday", "hour"]), ("numbers", numbers, ["distance", *weather])]
    )


def _for_trees(weather: list[str]) -> ColumnTransformer:
    places = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=RARE)
    rest = ["distance", "weekday", "hour", "minute", *weather]
    # Trees split on missing values themselves.
    return ColumnTransformer([("places", places, list(PLACES)), ("numbers", "passthrough", rest)])


def _logistic(settings: Train) -> Any:
    from sklearn.linear_model import LogisticRegression

    # SAGA's own loops: the default solver's sums run in BLAS, whose kernels, and so the model's last digits,
    # differ between processors. Beyond this tolerance the log-loss moves by less than 0.0001.
    return LogisticRegression(
        C=settings.logistic.c,
        class_weight=settings.class_weight,
        solver="saga",
        tol=1e-2,
        max_iter=500,
        random_state=settings.seed,
    )


def _boosting(settings: Train) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=settings.boosting.learning_rate,
        max_iter=settings.boosting.trees,
        max_leaf_nodes=settings.boosting.leaves,
        min_samples_leaf=100,
        early_stopping=False,
        class_weight=settings.class_weight,
        random_state=settings.seed,
    )


if __name__ == "__main__":
    run(train)
