from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.runtime.skops_model import dump_model, load_model

TREES = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"

FIT_AND_WRITE = """
import sys, time
time.time = lambda: float(sys.argv[1])
from sklearn.linear_model import LogisticRegression
from gitops_mlops.runtime.skops_model import dump_model
padding = [object() for _ in range(int(sys.argv[2]))]  # moves what follows to other addresses
model = LogisticRegression().fit([[0.0], [1.0], [2.0]], ["on time", "late", "late"])
sys.stdout.buffer.write(dump_model(model))
"""


def words() -> Pipeline:
    rows = pd.DataFrame({"carrier": pd.Series(["UA", "AA", "UA", "B6"], dtype=object)})
    # Weights under the very keys by which skops marks files and addresses.
    weights = {"file": 1.0, "__id__": 2.0}
    model = Pipeline([("encode", OneHotEncoder()), ("classify", LogisticRegression(class_weight=weights))])
    return model.fit(rows, ["file", "__id__", "file", "__id__"])


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes_in_any_process_at_any_time() -> None:
    def write(now: str, padding: str) -> bytes:
        done = subprocess.run(
            [sys.executable, "-c", FIT_AND_WRITE, now, padding],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[4],
        )
        return done.stdout

    assert write("1000000000", "0") == write("1500000000", "100000")


def test_another_model_gives_other_bytes() -> None:
    first = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    other = LogisticRegression().fit([[0.0], [1.1]], [0, 1])
    assert dump_model(first) != dump_model(other)


def test_what_was_written_is_what_is_read() -> None:
    model = words()
    read = load_model(dump_model(model), "m")
    rows = pd.DataFrame({"carrier": pd.Series(["B6", "UA"], dtype=object)})
    assert read.columns == ("carrier",)
    predicted = read.predict(rows)
    assert predicted.probabilities is not None
    np.testing.assert_array_equal(predicted.probabilities, model.predict_proba(rows))
    assert predicted.classes == ("__id__", "file")
    assert read.estimator.named_steps["classify"].class_weight == {"file": 1.0, "__id__": 2.0}


def test_shared_parts_stay_shared() -> None:
    step = OneHotEncoder()
    twice = Pipeline([("a", step), ("b", step)])
    read = load_model(dump_model(twice), "m").estimator
    assert read.steps[0][1] is read.steps[1][1]


def test_members_carry_no_time_and_no_address() -> None:
    with ZipFile(BytesIO(dump_model(words()))) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = sorted(item.filename for item in archive.infolist() if item.filename != "schema.json")
    assert names == sorted(f"{number}.npy" for number in range(len(names)))


def test_a_type_that_nobody_reviewed_is_named() -> None:
    trees = HistGradientBoostingClassifier(max_iter=2).fit(pd.DataFrame({"x": np.arange(60.0)}), [0, 1] * 30)
    content = dump_model(trees)
    with pytest.raises(UsageError, match=r"are not reviewed: sklearn\..*TreePredictor"):
        load_model(content, "m")
    trusted = parse_trusted_types(f"- {TREES}\n", "trusted.yaml")
    assert load_model(content, "m", trusted).predict(pd.DataFrame({"x": [1.0]})).classes == (0, 1)


@pytest.mark.parametrize("cut", [0, 10, -100])
def test_half_a_file_is_no_model(cut: int) -> None:
    with pytest.raises(MissingEvidence):
        load_model(dump_model(words())[:cut], "m")
