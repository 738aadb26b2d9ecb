"""Models of every kind take part in a comparison: ONNX, a project's own loader, a file of predictions."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gitops_mlops.domain.comparison.frames import to_pandas
from tests.conftest import Answer
from tests.integration.comparison_project import DVC, FEATURES, ComparisonProject, parquet

pytestmark = pytest.mark.usefixtures("preloaded")

Compare = Callable[..., Answer]


def trained(project: ComparisonProject, *features: str) -> Any:
    frame = pl.read_parquet(io.BytesIO(project.tracked["data/train.parquet"]))
    made = make_pipeline(StandardScaler(), LogisticRegression())
    return made.fit(to_pandas(frame.select(features)), frame["broken"].to_numpy())


def chances(project: ComparisonProject, *features: str) -> pl.DataFrame:
    """Evaluation rows with the chances that scikit-learn gives."""
    frame = pl.read_parquet(io.BytesIO(project.tracked["data/test.parquet"]))
    probabilities = trained(project, *features).predict_proba(to_pandas(frame.select(features)))
    return frame.with_columns(probability=pl.Series(probabilities[:, 1]))


def settings(project: ComparisonProject, line: str, evaluation: str = "cluster-by: day, id: row") -> None:
    project.configure(evaluation=evaluation)
    path = project.root / "mlops.yaml"
    path.write_text(path.read_text().replace("    evaluation:", f"    {line}\n    evaluation:"))


def value(report: Any, name: str, side: str) -> float:
    found = next(one for one in report["metrics"] if one["name"] == name)[side]
    assert isinstance(found, float)
    return found


# ---- ONNX ----


def onnx(project: ComparisonProject, *features: str, **options: Any) -> None:
    model = trained(project, *features)
    kinds = [(name, FloatTensorType([None, 1])) for name in features]
    if options.pop("matrix", False):
        kinds = [("X", FloatTensorType([None, len(features)]))]
    made = to_onnx(model, initial_types=kinds, **options)
    for key, text in project_metadata.items():
        entry = made.metadata_props.add()
        entry.key, entry.value = key, text
    project.repo.write("dvc.yaml", DVC.replace("fault.skops", "fault.onnx"))
    project.tracked.pop("models/fault.skops", None)
    project.track("models/fault.onnx", made.SerializeToString())


project_metadata: dict[str, str] = {}


@pytest.fixture(autouse=True)
def no_metadata() -> None:
    project_metadata.clear()


@pytest.mark.parametrize("zipmap", [True, False])
def test_onnx_gives_what_scikit_learn_gives(
    compare: Compare, comparison_data: ComparisonProject, zipmap: bool
) -> None:
    comparison_data.train("speed", "load")
    comparison_data.release()
    onnx(comparison_data, *FEATURES, options={"zipmap": zipmap})
    report = compare("--json").json
    expected = chances(comparison_data, *FEATURES)
    losses = -np.log(np.where(expected["broken"] == 1, expected["probability"], 1 - expected["probability"]))
    assert value(report, "log_loss", "challenger") == pytest.approx(losses.mean(), abs=1e-6)
    assert value(report, "log_loss", "delta") > 0, "the champion, in skops, is asked too"


def test_a_matrix_needs_to_be_explained(compare: Compare, comparison_data: ComparisonProject) -> None:
    onnx(comparison_data, *FEATURES, matrix=True, options={"zipmap": False})
    answer = compare(code=2)
    assert "models/fault.onnx: it takes a matrix of 3 columns and does not say which" in answer.err
    assert answer.err.count("\n") == 1
    project_metadata["columns"] = '["speed", "load", "age"]'
    onnx(comparison_data, *FEATURES, matrix=True, options={"zipmap": False})
    one = value(compare("--json").json, "log_loss", "challenger")
    project_metadata["columns"] = '["age", "load", "speed"]'
    onnx(comparison_data, *FEATURES, matrix=True, options={"zipmap": False})
    assert value(compare("--json").json, "log_loss", "challenger") > one + 0.05, "the order counts"


def test_a_matrix_may_be_explained_by_the_declared_input(
    compare: Compare, comparison_data: ComparisonProject
) -> None:
    columns = "".join(f"  {name}: {{type: float64}}\n" for name in FEATURES)
    comparison_data.repo.write("contracts/input.yaml", f"version: 1\ncolumns:\n{columns}")
    settings(comparison_data, "input: contracts/input.yaml")
    onnx(comparison_data, *FEATURES, matrix=True, options={"zipmap": False})
    assert value(compare("--json").json, "roc_auc", "challenger") > 0.8


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x07" * 50], ids=["empty", "text", "protobuf"])
def test_what_is_no_onnx_is_refused(compare: Compare, comparison_data: ComparisonProject, content: bytes) -> None:
    onnx(comparison_data, *FEATURES)
    comparison_data.track("models/fault.onnx", content)
    answer = compare(code=3)
    assert "models/fault.onnx: " in answer.err
    assert answer.err.count("\n") == 1


def test_metadata_that_is_no_list_is_refused(compare: Compare, comparison_data: ComparisonProject) -> None:
    project_metadata["columns"] = '{"speed": 1}'
    onnx(comparison_data, *FEATURES, matrix=True)
    assert "its metadata `columns` is not a JSON list" in compare(code=3).err


# ---- the project's own loader ----

LOADER = """\
import pickle

class Model:
    classes_ = [0, 1]

    def __init__(self, inner):
        self.inner = inner

    def predict_proba(self, rows):
        print("hello from the project")
        return self.inner.predict_proba(rows[COLUMNS])

def load(path):
    return Model(pickle.loads(path.read_bytes()))
"""


def pickled(project: ComparisonProject, *features: str) -> None:
    project.repo.write("mycode.py", f"COLUMNS = {list(features)!r}\n{LOADER}")
    project.repo.write("dvc.yaml", DVC.replace("fault.skops", "fault.pkl"))
    project.tracked.pop("models/fault.skops", None)
    project.track("models/fault.pkl", pickle.dumps(trained(project, *features)))


def test_each_model_is_loaded_by_the_code_of_its_own_commit(
    compare: Compare, comparison_data: ComparisonProject
) -> None:
    settings(comparison_data, "loader: mycode:load")
    pickled(comparison_data, "speed", "load")
    champion = compare("--json").json
    comparison_data.release()
    pickled(comparison_data, *FEATURES)
    report = compare("--json").json
    assert value(report, "log_loss", "champion") == value(champion, "log_loss", "challenger")
    expected = chances(comparison_data, *FEATURES)
    losses = -np.log(np.where(expected["broken"] == 1, expected["probability"], 1 - expected["probability"]))
    assert value(report, "log_loss", "challenger") == pytest.approx(losses.mean())
    assert comparison_data.repo.git("status", "--short", "mycode.py").split() == ["M", "mycode.py"], (
        "nothing was checked out"
    )


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def load(path): return 1 / 0", "ZeroDivisionError: division by zero"),
        ("def lode(path): pass", "has no attribute 'load'"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("import os\nos._exit(9)", "it ended with 9"),
    ],
)
def test_code_that_fails_blocks(compare: Compare, comparison_data: ComparisonProject, code: str, says: str) -> None:
    settings(comparison_data, "loader: mycode:load")
    pickled(comparison_data, *FEATURES)
    comparison_data.repo.write("mycode.py", code)
    report = compare("--json", code=1).json
    assert report["verdict"] == "block"
    assert says in report["reasons"][0]


def test_a_champion_whose_code_fails_is_incomparable(compare: Compare, comparison_data: ComparisonProject) -> None:
    settings(comparison_data, "loader: mycode:load")
    pickled(comparison_data, *FEATURES)
    good = (comparison_data.root / "mycode.py").read_text()
    comparison_data.repo.write("mycode.py", "def load(path): raise SystemExit('gone')")
    comparison_data.release()
    comparison_data.repo.write("mycode.py", good)
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert "gone" in report["reasons"][0]


# ---- a file of predictions ----

PATH = "data/predictions.parquet"


def predicted(project: ComparisonProject, frame: pl.DataFrame) -> None:
    project.track(PATH, parquet(frame))


def test_predictions_of_any_framework_take_part(compare: Compare, comparison_data: ComparisonProject) -> None:
    settings(comparison_data, f"predictions: {PATH}")
    comparison_data.track("models/fault.skops", b"weights of another framework")
    champion = chances(comparison_data, "speed", "load").select("row", "probability", label="broken")
    predicted(comparison_data, champion.sample(fraction=1, shuffle=True, seed=1))
    comparison_data.release()
    comparison_data.track("models/fault.skops", b"other weights")
    predicted(comparison_data, chances(comparison_data, *FEATURES).select("row", "probability", label="broken"))
    report = compare("--json").json
    comparison_data.configure()
    comparison_data.train("speed", "load")
    comparison_data.release()
    comparison_data.train(*FEATURES)
    assert [one["champion"] for one in report["metrics"]] == pytest.approx(
        [one["champion"] for one in compare("--json").json["metrics"]]
    )


def test_rows_that_the_champion_did_not_predict_are_left_out(
    compare: Compare, comparison_data: ComparisonProject
) -> None:
    settings(comparison_data, f"predictions: {PATH}")
    comparison_data.track("models/fault.skops", b"weights")
    predicted(comparison_data, chances(comparison_data, "speed").select("row", "probability")[:700])
    comparison_data.release()
    predicted(comparison_data, chances(comparison_data, *FEATURES).select("row", "probability"))
    account = compare("--json").json["evaluation"]
    assert (account["rows"], account["excluded"]) == (700, {"not predicted by the champion": 200})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.select("row"), "it has no column 'prediction'"),
        (lambda f: f.select("probability"), "it has no column 'row'"),
        (lambda f: pl.concat([f, f[:3]]), "3 rows repeat an id (column 'row')"),
        (lambda f: f[5:], "5 of 900 evaluation rows have no prediction (the first is '0')"),
        (lambda f: f.with_columns(label=1 - pl.col("broken")), "900 rows have another label here"),
        (lambda f: f.with_columns(probability=pl.lit("x")), "column 'probability' holds String"),
        (
            lambda f: f.with_columns(pl.when(pl.col("row") > 3).then(pl.col("probability"))),
            "4 rows have no probability",
        ),
    ],
)
def test_a_wrong_predictions_file_is_refused(
    compare: Compare, comparison_data: ComparisonProject, change: Callable[[pl.DataFrame], pl.DataFrame], says: str
) -> None:
    settings(comparison_data, f"predictions: {PATH}")
    comparison_data.track("models/fault.skops", b"weights")
    predicted(comparison_data, change(chances(comparison_data, *FEATURES)))
    answer = compare(code=3)
    assert says in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "says"),
    [(float("nan"), "NaN or infinity in 900 of 900"), (1.5, "900 of 900 predictions have a probability outside")],
)
def test_impossible_probabilities_block(
    compare: Compare, comparison_data: ComparisonProject, value: float, says: str
) -> None:
    settings(comparison_data, f"predictions: {PATH}")
    comparison_data.track("models/fault.skops", b"weights")
    predicted(comparison_data, chances(comparison_data, *FEATURES).with_columns(probability=pl.lit(value)))
    report = compare("--json", code=1).json
    assert says in report["reasons"][0]


def test_a_champion_without_the_file_is_incomparable(compare: Compare, comparison_data: ComparisonProject) -> None:
    settings(comparison_data, f"predictions: {PATH}")
    comparison_data.train("speed")
    comparison_data.release()
    predicted(comparison_data, chances(comparison_data, *FEATURES))
    report = compare("--json", code=1).json
    assert report["verdict"] == "incomparable"
    assert f"wrote no {PATH}" in report["reasons"][0]


def test_predictions_need_an_id_and_no_loader(compare: Compare, comparison_data: ComparisonProject) -> None:
    settings(comparison_data, f"predictions: {PATH}\n    loader: mycode:load", evaluation="cluster-by: day")
    err = compare(code=2).err
    assert "predictions are given, so nothing is loaded" in err
    assert "predictions are joined by row id → set evaluation.id" in err
    settings(comparison_data, "loader: 'os; rm -rf:x'")
    assert "names no function → write it as package.module:function" in compare(code=2).err
