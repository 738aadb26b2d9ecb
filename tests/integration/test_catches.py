"""Where anything that is raised is caught: what the machine lacks is never blamed on a model, a metric, a contract
or the change, and what nobody foresaw is a bug of ours.
"""

from __future__ import annotations

import ast
import errno
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import gitops_mlops
from gitops_mlops.adapters.project_code.functions import ImportedFunctions
from gitops_mlops.adapters.tables.files import TableFiles
from gitops_mlops.adapters.tables.pandera_models import PanderaModels
from gitops_mlops.cli import app
from gitops_mlops.domain.comparison.scoring import TrueLabels, score
from gitops_mlops.domain.config.metrics import ModelTask
from gitops_mlops.domain.review.review import parse_review
from gitops_mlops.domain.review.size import dump_review
from gitops_mlops.domain.statistics.custom_metrics import CustomMetric, prepare_custom
from gitops_mlops.domain.statistics.sample import ModelScores, ScoredSample
from gitops_mlops.reports.review.terminal import review_text
from gitops_mlops.runtime.onnx_model import load_onnx
from gitops_mlops.usecases.review.review import ReviewRequest, review

LACKS = {"memory": MemoryError("as if"), "disk": OSError(errno.ENOSPC, "No space left on device")}
RAISE = {"memory": "raise MemoryError('as if')", "disk": "raise OSError(28, 'No space left on device')"}


class Spent:
    """A model whose answer takes more than there is."""

    columns = classes = ()

    def __init__(self, error: Exception) -> None:
        self.error = error

    def predict(self, rows: Any) -> Any:
        raise self.error


def _scoring(what: str, folder: Path) -> None:
    truth = TrueLabels(np.array([0, 1]), (0, 1))
    score(Spent(LACKS[what]), pl.DataFrame({"x": [1, 2]}), truth, ModelTask.BINARY, 0.5)


def _own_metric(what: str, folder: Path) -> None:
    def metric(*_: Any) -> float:
        raise LACKS[what]

    scores = ModelScores(np.array([0, 1]), None)
    sample = ScoredSample(ModelTask.BINARY, np.array([0, 1]), scores, classes=(0, 1))
    prepare_custom(CustomMetric("own", True, False, metric), sample, scores)(np.ones(2))


def _own_module(what: str, folder: Path) -> None:
    (folder / f"spent_{what}.py").write_text(RAISE[what])
    ImportedFunctions(folder, lambda revision, to: None).load(f"spent_{what}:metric", None)


def _contract(what: str, folder: Path, text: str) -> None:
    pl.DataFrame({"x": [1]}).write_parquet(folder / "t.parquet")
    (folder / "c.py").write_text(text)
    PanderaModels(TableFiles(), folder).check(folder / "t.parquet", "t.parquet", folder / "c.py", "Table")


def _contract_module(what: str, folder: Path) -> None:
    _contract(what, folder, RAISE[what])


def _contract_schema(what: str, folder: Path) -> None:
    model = (
        "import pandera.polars as pa\nclass Table(pa.DataFrameModel):\n    @classmethod\n    def to_schema(cls):\n"
    )
    _contract(what, folder, f"{model}        {RAISE[what]}\n")


def _onnx(what: str, folder: Path) -> None:
    import onnxruntime

    def session(*_: Any, **__: Any) -> None:
        raise LACKS[what] if what == "disk" else RuntimeError("std::bad_alloc")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime, "InferenceSession", session)
        load_onnx(b"x", "model.onnx")


@pytest.mark.parametrize("what", LACKS)
@pytest.mark.parametrize(
    "caught",
    [_scoring, _own_metric, _own_module, _contract_module, _contract_schema, _onnx],
    ids=lambda one: one.__name__,
)
def test_what_the_machine_lacks_is_blamed_on_nobody_else(
    caught: Callable[[str, Path], None], what: str, tmp_path: Path
) -> None:
    with pytest.raises((MemoryError, OSError)):
        caught(what, tmp_path)


def test_a_native_library_that_finds_no_memory_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.fail(ImportError("libopenblas.so: cannot allocate memory")) == 4
    assert app.fail(ImportError("no such name")) == 70
    assert "the memory of this machine is full" in capsys.readouterr().err


def test_a_bug_of_ours_in_a_review_is_called_one() -> None:
    seconds = iter(range(100))
    ports: Any = SimpleNamespace(
        files=SimpleNamespace(read=lambda name: None), timer=SimpleNamespace(seconds=lambda: float(next(seconds)))
    )
    found = review(ReviewRequest(), ports, lambda step: None)
    assert (found.verdict, {one.outcome for one in found.failures}) == ("bug", {"bug"})
    assert found.failures[0].message.startswith("this is a bug in gitops-mlops → report it: AttributeError: ")
    read = parse_review(dump_review(found))
    assert read == found
    assert "because of a bug in gitops-mlops" in review_text(read)


# Who catches everything and neither raises it again nor asks whether the machine is to blame.
KNOWN = {
    ("__main__.py", "_answer"): "`fail` asks",
    ("cli/app.py", "_run"): "`_told` asks",
    ("cli/app.py", "_tracker"): "an error is being reported, which the address must not hide",
    ("serving/__main__.py", "main"): "`_explained` asks",
    ("serving/prediction_log.py", "_write"): "the rows are counted, whatever it was",
    ("adapters/targets/process/golden.py", "_main"): "`fault_of` asks",
    ("usecases/review/review.py", "step"): "`outcome_of` asks",
    ("adapters/dvc/worker.py", "main"): "another process, which cannot import us; its kinds are told by text",
}


def test_whoever_catches_everything_asks_what_it_was() -> None:
    root = Path(gitops_mlops.__file__).parent
    silent = set()
    for path in sorted(root.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                silent |= {
                    (str(path.relative_to(root)), function.name) for each in _handlers(function) if _mute(each)
                }
    assert silent == set(KNOWN)


def _handlers(function: ast.AST) -> list[ast.ExceptHandler]:
    found = [node for node in ast.walk(function) if isinstance(node, ast.ExceptHandler) and node.type is not None]
    return [one for one in found if {"Exception", "BaseException"} & _names(one.type)]


def _names(node: ast.AST | None) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()


def _mute(handler: ast.ExceptHandler) -> bool:
    again = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return not again and "of_the_machine" not in _names(handler)
