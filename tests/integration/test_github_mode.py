"""`--github`: what GitHub's runner reads of a command, whoever wrote the text in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import gitops_mlops
from tests.conftest import Repo
from tests.fakes.runner import Command, commands, outputs
from tests.integration.comparison_project import ComparisonProject
from tests.integration.registry_project import Project

CONTRACT = """\
version: 1
unique: [[day, plane]]
columns:
  delay:
    type: int64
    min: -60
  day: {type: string}
  plane:
    type: string
    allowed: [a, b]
"""
MLOPS = """\
version: 1
datasets:
  flights: {path: data.parquet, contract: contracts/flights.yaml}
models: {}
"""


class Job:
    """A step in a workspace; `log` is what both streams said, in the runner's order."""

    def __init__(self, workspace: Path, home: Path) -> None:
        self.workspace = workspace
        self.files = {name: home / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.code = 0
        self.log = ""

    def run(self, *words: str, folder: Path | None = None, **variables: str) -> list[Command]:
        for path in self.files.values():
            path.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "gitops_mlops", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder or self.workspace,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(gitops_mlops.__file__).parents[1]),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITOPS_MLOPS_GITHUB": "true",
                **{name: str(path) for name, path in self.files.items()},
                **variables,
            },
        )
        # The runner reads two streams at paces of their own: all has to be on one.
        assert done.stderr == ""
        self.code, self.log = done.returncode, done.stdout
        return commands(self.log)

    @property
    def outputs(self) -> dict[str, str]:
        return outputs(self.files["GITHUB_OUTPUT"].read_text())

    @property
    def summary(self) -> str:
        return self.files["GITHUB_STEP_SUMMARY"].read_text()


@pytest.fixture
def job(repo: Repo, tmp_path: Path) -> Job:
    """A repository that was checked out below the workspace."""
    return Job(repo.root.parent, tmp_path)


@pytest.fixture
def flights(repo: Repo) -> Repo:
    repo.write("mlops.yaml", MLOPS)
    repo.write("contracts/flights.yaml", CONTRACT)
    save(repo, delay=[1, 2, 3])
    repo.commit()
    return repo


def save(repo: Repo, **columns: list[object]) -> None:
    rows = len(next(iter(columns.values())))
    whole = {"delay": [0] * rows, "day": [f"d{row}" for row in range(rows)], "plane": ["a"] * rows, **columns}
    pl.DataFrame(whole).write_parquet(repo.root / "data.parquet")


def test_what_passes_annotates_nothing(job: Job, flights: Repo) -> None:
    assert job.run("validate", folder=flights.root) == []
    assert job.code == 0
    assert job.outputs["code"] == "0"
    assert json.loads(job.outputs["result"])[0]["passed"] is True
    assert job.summary.startswith("### gitops-mlops validate\n\n```text\nok    flights (")


def test_violations_are_marked_in_the_contract(job: Job, flights: Repo) -> None:
    save(flights, delay=[-100, 5, -61], plane=["a", "c", "a"], day=["d", "e", "d"])
    found = job.run("validate", folder=flights.root)
    assert job.code == 1
    assert {(one.properties["title"], one.properties["line"]) for one in found} == {
        ("flights: delay min", "6"),
        ("flights: plane allowed", "10"),
        ("flights: (table) unique", "2"),
    }
    assert {one.properties["file"] for one in found} == {"repo/contracts/flights.yaml"}
    assert "2 rows: is below min -60 (first at row 1, 3)" in {one.data for one in found}


def test_what_a_column_demands_silently_is_marked_at_the_column(job: Job, flights: Repo) -> None:
    save(flights, delay=[None, 5, 6])
    (found,) = job.run("validate", folder=flights.root)
    assert (found.properties["title"], found.properties["line"]) == ("flights: delay nulls", "4")


def test_a_class_is_marked_at_its_field(job: Job, flights: Repo) -> None:
    flights.write(
        "shape.py",
        "import pandera.polars as pa\n\n\nclass Flights(pa.DataFrameModel):\n"
        "    delay: int = pa.Field(ge=0)\n    day: str\n    plane: str\n",
    )
    save(flights, delay=[-1, 5, 6])
    (found,) = job.run("validate", "--contract", "shape.py:Flights", "--data", "data.parquet", folder=flights.root)
    assert (found.properties["file"], found.properties["line"]) == ("repo/shape.py", "5")


def test_what_is_said_in_detail_stays_within_the_fence(job: Job, flights: Repo) -> None:
    name = "a\n::error::b\n##[add-mask]c.yaml"
    flights.write(name, "version: 1\n")
    found = job.run("-vv", "hook", "contracts", "--", name, folder=flights.root)
    assert (job.code, [one for one in found if one.data.startswith("b")]) == (2, [])
    assert " DEBUG gitops_mlops." in job.log
    assert "##[" not in job.log.partition(" DEBUG ")[2].rpartition(" DEBUG ")[0]


def test_a_wrong_configuration_is_marked_where_it_is_wrong(job: Job, flights: Repo) -> None:
    flights.write("mlops.yaml", "version: 1\ndatasets:\n  a: {pth: x}\n")
    found = job.run("validate", folder=flights.root)
    assert job.code == 2
    assert {(one.name, one.properties["file"], one.properties["line"]) for one in found} == {
        ("error", "repo/mlops.yaml", "3")
    }
    assert job.outputs == {"code": "2"}
    assert "error: mlops.yaml:3:" in job.summary


def test_check_marks_what_it_finds(job: Job, flights: Repo) -> None:
    flights.write("mlops.yaml", MLOPS.replace("flights.yaml", "flight.yaml"))
    (found, *_) = job.run("check", folder=flights.root)
    assert (job.code, found.properties["file"], found.properties["line"]) == (2, "repo/mlops.yaml", "3")
    assert json.loads(job.outputs["result"])["problems"]


HOSTILE = "x\n::error::made up\r::set-output name=code::0\n::stop-commands::t"


@pytest.mark.parametrize("words", [("validate", HOSTILE), (HOSTILE,), ("promote", HOSTILE, "s"), ("show", HOSTILE)])
def test_strangers_give_no_commands(job: Job, flights: Repo, words: tuple[str, ...]) -> None:
    found = job.run(*words, folder=flights.root)
    assert job.code == 2, job.log
    assert [one.name for one in found] == ["error"]
    assert found[0].data != "made up"
    assert job.outputs == {"code": "2"}


def test_a_hostile_file_gives_no_commands(job: Job, flights: Repo) -> None:
    flights.write("mlops.yaml", 'version: 1\n"::error::made up": {}\n"a\\n::error::made up": {}\n')
    found = job.run("check", folder=flights.root)
    assert found
    assert all(one.properties.get("file") == "repo/mlops.yaml" for one in found)
    assert "::error::made up" in job.log


def test_what_children_print_is_fenced(job: Job, flights: Repo) -> None:
    """Importing a contract of a pull request runs its code, which may print on either stream."""
    flights.write(
        "shape.py",
        "import os, sys\nos.write(2, b'::error::two\\n')\nos.write(1, b'::error::one\\n')\n"
        "print('::error::printed', file=sys.stderr)\nraise SystemExit('::error::raised')\n",
    )
    found = job.run("validate", "--contract", "shape.py:Flights", "--data", "data.parquet", folder=flights.root)
    assert "::error::two" in job.log
    assert [one.data.partition(" (")[0] for one in found] == ["shape.py: cannot be imported"]
    assert job.code == 2


def test_a_verdict_against_is_an_error_of_the_step(job: Job, repo: Repo) -> None:
    repo.commit()
    error, *warnings = job.run("doctor", "--offline", folder=repo.root)
    assert (job.code, error.name, error.properties["title"]) == (1, "error", "gitops-mlops doctor")
    assert error.data == "ended with exit code 1: the summary of the step has the reason"
    assert all(one.name == "warning" and one.properties["title"].startswith("doctor: ") for one in warnings)
    assert job.outputs["healthy"] == "false"


def test_a_rule_that_stands_against_a_change_is_named(job: Job, repo: Repo) -> None:
    Project.trained(repo)
    job.run("register", "delay", "--report", "report.json", folder=repo.root)
    assert (job.code, job.outputs["version"], job.outputs["state"]) == (0, "v0.0.1", "written")
    found = job.run(
        "promote", folder=repo.root, GITOPS_MLOPS_PROMOTE_MODEL="delay", GITOPS_MLOPS_PROMOTE_STAGE="production"
    )
    assert job.code == 1
    assert [(one.name, one.properties) for one in found] == [("error", {"title": "production comes after staging"})]
    assert "needed:" in found[0].data


def test_wrong_usage_names_the_input(job: Job, repo: Repo) -> None:
    (found,) = job.run("compare", folder=repo.root, GITOPS_MLOPS_COMPARE_KIND="none")
    assert found.data.startswith("Invalid value for GITOPS_MLOPS_COMPARE_KIND: 'none' is not one of")
    assert found.properties["title"] == "gitops-mlops compare"


@pytest.mark.parametrize(("words", "code"), [(("check",), 4), (("nonsense",), 2)])
def test_files_that_take_nothing_are_said_and_hide_no_verdict(
    job: Job, flights: Repo, words: tuple[str, ...], code: int
) -> None:
    found = job.run(*words, folder=flights.root, GITHUB_OUTPUT=str(flights.root))
    assert job.code == code
    assert "$GITHUB_OUTPUT: cannot be written (Is a directory)" in {one.data for one in found}


def test_what_lies_outside_of_the_workspace_is_no_file_of_it(job: Job, flights: Repo) -> None:
    (flights.root / "inner").mkdir()
    found = job.run(
        "validate", "--contract", "../contracts/flights.yaml", "--data", "../data.parquet",
        folder=flights.root / "inner", GITHUB_WORKSPACE=str(flights.root / "inner"),
    )  # fmt: skip
    assert found == []
    save(flights, delay=[-100])
    (one,) = job.run(
        "validate", "--contract", "../contracts/flights.yaml", "--data", "../data.parquet",
        folder=flights.root / "inner", GITHUB_WORKSPACE=str(flights.root / "inner"),
    )  # fmt: skip
    assert "file" not in one.properties
    assert one.data.startswith("../contracts/flights.yaml: 1 rows: is below min -60")


def test_outside_of_a_job_only_the_log_is_written(job: Job, flights: Repo) -> None:
    found = job.run("check", folder=flights.root, GITHUB_OUTPUT="", GITHUB_STEP_SUMMARY="", GITHUB_WORKSPACE="")
    assert (found, job.code) == ([], 0)
    assert not any(path.exists() for path in job.files.values())


def test_a_full_summary_leaves_room_for_nothing(job: Job, flights: Repo) -> None:
    full = flights.root / "summary"
    full.write_text("x" * (1024 * 1024 - 200))
    job.run("check", folder=flights.root, GITHUB_STEP_SUMMARY=str(full))
    assert job.code == 0
    assert len(full.read_bytes()) <= 1024 * 1024


def test_compare_shows_its_report(job: Job, repo: Repo) -> None:
    project = ComparisonProject(repo)
    project.train("speed", "load", "age")
    project.release()
    project.train("speed")
    (found,) = job.run("compare", folder=repo.root)
    assert job.code == 1
    assert job.outputs["verdict"] == "block"
    assert job.summary.startswith("<!-- gitops-mlops:report:fault -->")
    assert found.properties["title"] == "compare: block"
    assert found.data.startswith("fault: worse than v0.0.1. ")


def test_json_is_what_an_output_holds(job: Job, flights: Repo) -> None:
    job.run("check", "--json", folder=flights.root)
    shown = "\n".join(job.log.splitlines()[1:-1])
    assert json.loads(shown) == json.loads(job.outputs["result"])
