"""diff on real repositories: two versions, stages, revisions, and the working tree."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Answer, Cli, Repo
from tests.integration.lineage_project import LineageProject

MLOPS = """\
version: 1
datasets:
  rows: {path: train.csv, contract: contracts/rows.yaml}
models:
  delay:
    task: regression
    evaluation: {dataset: rows, target: y}
    gates: [{metric: mae, max: 1}]
environments:
  production: {port: 8080}
"""
CONTRACT = "version: 1\ncolumns:\n  y: {type: float64}\n"


@pytest.fixture
def diff_project(repo: Repo) -> LineageProject:
    """A pipeline, with what a reviewer asks about beside it."""
    made = LineageProject(repo)
    repo.write("mlops.yaml", MLOPS)
    repo.write("contracts/rows.yaml", CONTRACT)
    repo.write("requirements.txt", "numpy==2.0.0\nscipy==1.0\n")
    return made


class Diff:
    """The command in the project's folder."""

    def __init__(self, cli: Cli, project: LineageProject) -> None:
        self._cli = cli
        self._root = project.root

    def __call__(self, *words: str, code: int = 0) -> Answer:
        answer = self._cli("diff", *words, folder=self._root)
        assert answer.code == code, (answer.out, answer.err)
        return answer

    def section(self, name: str, *words: str) -> list[dict[str, Any]]:
        found = self(*words, "--json").json[name]
        assert isinstance(found, list)
        return found


@pytest.fixture
def diff(cli: Cli, diff_project: LineageProject) -> Diff:
    return Diff(cli, diff_project)


def test_everything_that_a_reviewer_asks_about(diff: Diff, diff_project: LineageProject) -> None:
    diff_project.release("v0.0.1", "one", 1, "production", trailers="Metric: mae=0.5 [0.4, 0.6]")
    diff_project.repo.write("train.py", "print('better')\n")
    diff_project.repo.write("docs.md", "x")
    diff_project.repo.write("mlops.yaml", MLOPS.replace("max: 1}", "max: 0.8}, {metric: rmse, max: 2}"))
    diff_project.repo.write("contracts/rows.yaml", CONTRACT.replace("float64", "int64"))
    diff_project.repo.write("requirements.txt", "numpy==2.1.0\n")
    diff_project.release("v0.0.2", "two", 2, trailers="Metric: mae=0.4 [0.3, 0.5]")
    found = diff("delay@v0.0.1", "delay@v0.0.2", "--json").json
    assert found["metrics"] == [
        {
            "name": "mae",
            "old": {"value": 0.5, "low": 0.4, "high": 0.6},
            "new": {"value": 0.4, "low": 0.3, "high": 0.5},
        }
    ]
    assert found["parameters"] == [{"name": "params.yaml:seed", "old": 1, "new": 2}]
    assert [each["name"] for each in found["data"]] == ["raw.csv", "test.csv", "train.csv"]
    assert [each["name"] for each in found["models"]] == ["delay"]
    assert {each["name"]: (each.get("old"), each.get("new")) for each in found["configuration"]} == {
        "models.delay.gates[mae].max": (1, 0.8),
        "models.delay.gates[rmse].max": (None, 2),
        "models.delay.gates[rmse].metric": (None, "rmse"),
    }
    assert found["packages"] == [
        {"name": "requirements.txt: numpy", "old": "2.0.0", "new": "2.1.0"},
        {"name": "requirements.txt: scipy", "old": "1.0"},
    ]
    assert [change["column"] for change in found["contracts"][0]["changes"]] == ["y"]
    assert found["code"] == [{"path": "train.py", "status": "changed"}]
    assert "docs.md" in [file["path"] for file in found["other_files"]]
    text, markdown = (diff("delay@v0.0.1", "delay@v0.0.2", *words).out for words in ((), ("--markdown",)))
    assert "mae   0.5 [0.4, 0.6]  0.4 [0.3, 0.5]" in text
    assert "| `mae` | `0.5 [0.4, 0.6]` | `0.4 [0.3, 0.5]` |" in markdown


def test_absent_null_and_a_dash_are_three_things(diff: Diff, diff_project: LineageProject) -> None:
    diff_project.release("v0.0.1", "one", "–")
    diff_project.release("v0.0.2", "one", None)
    diff_project.repo.write(
        "dvc.lock", (diff_project.root / "dvc.lock").read_text().replace("seed: null", "other: 'null'")
    )
    assert diff.section("parameters", "delay@v0.0.1", "delay@v0.0.2") == [
        {"name": "params.yaml:seed", "old": "–", "new": None}
    ]
    assert diff.section("parameters", "delay@v0.0.2") == [
        {"name": "params.yaml:other", "new": "null"},
        {"name": "params.yaml:seed", "old": None},
    ]
    lines = {
        tuple(line.split())
        for words in (["delay@v0.0.1", "delay@v0.0.2"], ["delay"])
        for line in diff(*words).out.splitlines()
    }
    assert {("seed", '"–"', "null"), ("seed", "null", "–"), ("other", "–", '"null"')} <= lines


def test_sides_left_out_are_the_champion_and_the_working_tree(diff: Diff, diff_project: LineageProject) -> None:
    diff_project.release("v0.0.1", "one", 1, "production")
    diff_project.release("v0.0.2", "one", 2)
    diff_project.repo.write("new.py", "x")
    found = diff("--json").json
    assert (found["old"]["name"], found["new"]["name"]) == ("delay#production (delay@v0.0.1)", "working tree")
    assert found["parameters"] == [{"name": "params.yaml:seed", "old": 1, "new": 2}]
    assert {"path": "new.py", "status": "added"} in found["other_files"]
    assert diff("HEAD", "delay").out.splitlines()[-1] == "Nothing differs"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("delay@v9.9.9",), 3, "no such active version"),
        (("delay@v0.0.1", "nowhere"), 3, "no such revision"),
        (("delay#staging",), 3, "holds no version"),
        (("before-dvc", "delay"), 3, "has no dvc.lock that records anything"),
        (("delay", "other@v0.0.1"), 2, "are two models: delay and other"),
        (("delay", "--json", "--markdown"), 2, "choose"),
        (("--help-me",), 2, "no such option"),
    ],
)
def test_a_side_that_is_missing_is_said_in_one_line(
    diff: Diff, diff_project: LineageProject, words: tuple[str, ...], code: int, said: str
) -> None:
    diff_project.repo.commit("first")
    diff_project.repo.git("branch", "before-dvc")
    diff_project.release("v0.0.1", "one")
    diff_project.tag("other@v0.0.1")
    answer = diff(*words, code=code)
    assert said.lower() in answer.err.lower()
    assert answer.err.count("\n") == 1
    assert answer.out == ""


def test_names_from_outside_cannot_break_the_markdown(diff: Diff, diff_project: LineageProject) -> None:
    diff_project.release("v0.0.1", "one", "a|b`c\n@org/team <img src=x>")
    diff_project.release("v0.0.2", "one", "\x1b[31m\u202e")
    markdown = diff("delay@v0.0.1", "delay@v0.0.2", "--markdown").out
    row = next(line for line in markdown.splitlines() if line.startswith("| `seed`"))
    assert row.count("|") - row.count("\\|") == 4
    assert "``" in row
    assert "\x1b" not in diff("delay@v0.0.1", "delay@v0.0.2").out + markdown
