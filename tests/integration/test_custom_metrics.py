"""Metrics of the project: a function of the working tree, or of the base where one is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Answer, Cli, Repo
from tests.integration.comparison_project import FEATURES, ComparisonProject

Compare = Callable[..., dict[str, Any]]
DECLARED = "metrics:\n  saved: {function: shop.money:saved, better: higher, reads: probabilities}\n"
GATES = "[{metric: saved, rule: non-inferior, margin: 50%}]"
CODE = """\
import numpy as np
from shop.prices import CALL

def saved(y_true, y_pred, sample_weight=None):
    return float(np.average((y_pred > 0.3) * (10 * y_true - CALL), weights=sample_weight))
"""


@pytest.fixture
def money_project(repo: Repo) -> ComparisonProject:
    """A champion in production, and a metric of money that a gate asks for."""
    made = ComparisonProject(repo)
    repo.write("shop/__init__.py", "")
    repo.write("shop/prices.py", "CALL = 2\n")
    repo.write("shop/money.py", CODE)
    made.configure("cluster-by: day", GATES)
    repo.write("mlops.yaml", (made.root / "mlops.yaml").read_text() + DECLARED)
    made.train("speed", "load")
    made.release()
    made.train(*FEATURES)
    return made


@pytest.fixture
def compare_json(cli: Cli, money_project: ComparisonProject) -> Compare:
    def call(*words: str, code: int = 0) -> dict[str, Any]:
        answer: Answer = cli("compare", "--json", *words, folder=money_project.root)
        assert answer.code == code, (answer.out, answer.err)
        assert "Traceback" not in answer.err
        found: dict[str, Any] = answer.json
        return found

    return call


def measured(report: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in report["metrics"] if one["name"] == "saved")


def test_what_a_promotion_asks_for_is_measured(compare_json: Compare, money_project: ComparisonProject) -> None:
    money_project.configure("cluster-by: day", "[{metric: roc_auc, min: 0.5}]")
    demands = "{metrics: [{metric: saved, min: 0}, {metric: average_precision, min: 0}, {metric: mae, max: 1}]}"
    text = (money_project.root / "mlops.yaml").read_text()
    text = text.replace("8080}", f"{{fault: 8080, other: 8081}}, promotion: {demands}}}")
    regression = "  other: {task: regression, evaluation: {dataset: test, target: y}, gates: [{metric: mae, max: 1}]}"
    money_project.repo.write("mlops.yaml", text.replace("environments:", f"{regression}\nenvironments:") + DECLARED)
    report = compare_json("fault")
    assert [one["name"] for one in report["metrics"][:3]] == ["roc_auc", "saved", "average_precision"]
    assert measured(report)["challenger_ci"] is not None
    assert "mae" not in {one["name"] for one in report["metrics"]}, "another task's"


def test_a_metric_of_the_project_has_an_interval_and_a_gate(compare_json: Compare) -> None:
    report = compare_json()
    found = measured(report)
    assert (found["method"], found["higher_is_better"]) == ("block bootstrap", True)
    assert found["ci"]["low"] < found["delta"] < found["ci"]["high"]
    assert found["challenger"] > 1
    assert [gate["status"] for gate in report["gates"]] == ["pass"]


def test_a_function_without_weights_gives_the_same(compare_json: Compare, money_project: ComparisonProject) -> None:
    weighted = measured(compare_json())
    money_project.repo.write(
        "shop/money.py", CODE.replace(", sample_weight=None", "").replace(", weights=sample_weight", "")
    )
    plain = measured(compare_json())
    assert plain["challenger"] == pytest.approx(weighted["challenger"])
    assert plain["se"] == pytest.approx(weighted["se"])


def test_what_it_prints_does_not_reach_the_results(compare_json: Compare, money_project: ComparisonProject) -> None:
    money_project.repo.write(
        "shop/money.py", "print('hello')\n" + CODE.replace("    return", "    print('again')\n    return")
    )
    assert measured(compare_json())["challenger"] is not None


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def saved(y_true, y_pred): return 1 / 0", "saved raised ZeroDivisionError (division by zero)"),
        ("def saved(y_true, y_pred): return float('nan')", "saved gave nan"),
        ("def saved(y_true, y_pred): return 'much'", "saved raised ValueError"),
        ("def saved(y_true, y_pred): raise SystemExit(0)", "saved raised SystemExit (0)"),
        ("def saved(only): return 1.0", "saved raised TypeError"),
        ("saved = 3", "saved: shop.money:saved: is not a function"),
        ("def other(): pass", "cannot be imported (AttributeError"),
        ("import nothing_such", "cannot be imported (ModuleNotFoundError"),
        ("def saved(:", "cannot be imported (SyntaxError"),
        ("raise SystemExit(0)", "cannot be imported (SystemExit"),
    ],
)
def test_what_goes_wrong_in_it_blocks_with_its_name(
    compare_json: Compare, money_project: ComparisonProject, code: str, says: str
) -> None:
    money_project.repo.write("shop/money.py", code + "\n")
    report = compare_json(code=1)
    assert says in measured(report)["note"]
    (gate,) = report["gates"]
    assert gate["status"] == "block"
    assert says in gate["reason"]
    assert "\n" not in gate["reason"]


@pytest.fixture
def importable(money_project: ComparisonProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working tree can be imported, as with `python -m gitops_mlops` at its root."""
    monkeypatch.syspath_prepend(str(money_project.root))


@pytest.mark.usefixtures("importable")
def test_a_change_cannot_bend_the_metric_that_judges_it(
    compare_json: Compare, money_project: ComparisonProject
) -> None:
    honest = measured(compare_json("--config-from", "HEAD"))
    money_project.repo.write("shop/money.py", "def saved(y_true, y_pred): return 1e9\n")
    money_project.repo.write("shop/prices.py", "CALL = -1000\n")
    report = compare_json("--config-from", "HEAD")
    assert measured(report) == honest
    (change,) = [one for one in report["gate_changes"] if one["name"] == "metric code shop/money.py"]
    assert change["old"] != change["new"]
    assert measured(compare_json())["challenger"] == 1e9


@pytest.mark.usefixtures("importable")
def test_code_that_only_the_change_names_does_not_run(
    compare_json: Compare, money_project: ComparisonProject
) -> None:
    money_project.repo.write("shop/money.py", "open('ran', 'w').close()\n" + CODE)
    nothing = money_project.repo.git(
        "commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "-m", "nothing"
    ).strip()
    report = compare_json("--config-from", nothing, code=1)
    assert "its code does not run before" in measured(report)["note"]
    assert not (money_project.root / "ran").exists()
    # Named by the base, which has no such file: the change's own is not taken in its place.
    money_project.repo.git("rm", "-q", "-r", "--cached", "shop")
    base = money_project.repo.git(
        "commit-tree", money_project.repo.git("write-tree").strip(), "-m", "no code"
    ).strip()
    report = compare_json("--config-from", base, code=1)
    assert "ModuleNotFoundError" in measured(report)["note"]
    assert not (money_project.root / "ran").exists()
