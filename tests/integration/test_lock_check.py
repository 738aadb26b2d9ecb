"""`lock check`: what is out of step, what nobody pushed, and the very command that mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli, Repo
from tests.integration import training_project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return training_project.make(tmp_path_factory.mktemp("training"))


@pytest.fixture
def project(made: Repo, tmp_path: Path) -> Repo:
    """A clone without data; its remote is the test's own."""
    shutil.copytree(made.root.parent / "storage", tmp_path / "storage")
    cloned = training_project.clone(made, tmp_path / "clone")
    cloned.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "storage"))
    return cloned


def test_a_clone_without_data_is_in_step_and_its_data_is_on_the_remote(project: Repo, cli: Cli) -> None:
    answer = cli("lock", "check", "--remote", "--json", folder=project.root)
    assert (answer.code, answer.json) == (
        0,
        {"problems": [], "remarks": [], "unchecked": [], "missing": [], "run": ""},
    ), answer.err


def test_what_it_says_to_run_mends_it(project: Repo, cli: Cli) -> None:
    project.write("train.py", "two\n")
    answer = cli("lock", "check", "--json", folder=project.root)
    assert answer.code == 1
    assert [problem["where"] for problem in answer.json["problems"]] == ["stages.train.deps"]
    assert answer.json["run"] == (
        "dvc repro --all-pipelines && dvc push && git add -- dvc.lock metrics.json sub/dvc.lock"
    )
    project.run("dvc", "pull", "--quiet")
    project.run("sh", "-c", answer.json["run"])
    # What is to be added is all that there is to add.
    assert project.git("diff", "--name-only").split() == ["train.py"]
    assert cli("lock", "check", "--remote", folder=project.root).code == 0


def test_only_what_depends_on_the_change_is_named(project: Repo, cli: Cli) -> None:
    project.write("each.py", "another\n")
    answer = cli("lock", "check", folder=project.root)
    assert (answer.code, answer.out.splitlines()[-1]) == (1, "run: dvc repro && dvc push && git add -- dvc.lock")


@pytest.mark.parametrize("name", ["model.bin", "sub/parts", "sub/score.bin"])
def test_an_output_that_nobody_pushed_is_missing_evidence(project: Repo, cli: Cli, name: str) -> None:
    project.run("dvc", "pull", "--quiet")
    before = cli("lock", "check", "--remote", "--json", folder=project.root)
    assert before.code == 0
    content = project.root / name / "one" if name == "sub/parts" else project.root / name
    digest = project.run("md5sum", str(content)).split()[0]
    (project.root.parent / "storage" / "files" / "md5" / digest[:2] / digest[2:]).unlink()
    answer = cli("lock", "check", "--remote", "--json", folder=project.root)
    assert answer.code == 3
    assert name in [missing["path"] for missing in answer.json["missing"]]
    assert answer.json["run"] == "dvc push"
    assert cli("lock", "check", folder=project.root).code == 0


def test_without_a_remote_and_without_its_folder(project: Repo, cli: Cli) -> None:
    project.run("dvc", "remote", "modify", "--local", "storage", "url", "s3://bucket/path")
    unusable = cli("lock", "check", "--remote", folder=project.root)
    assert (unusable.code, unusable.err.count("\n")) == (4, 1), unusable.err
    project.run("dvc", "remote", "remove", "storage")
    project.run("dvc", "remote", "remove", "--local", "storage", check=False)
    answer = cli("lock", "check", "--remote", folder=project.root)
    assert (answer.code, answer.err.count("\n")) == (3, 1), answer.err
    assert "dvc remote add" in answer.err


@pytest.mark.parametrize("training", ["author", "ci"])
def test_what_ci_will_run_is_no_problem_of_its_author(project: Repo, cli: Cli, training: str) -> None:
    project.write("mlops.yaml", f"version: 1\ntraining: {training}\n")
    project.write("train.py", "two\n")
    project.git("add", "--all")
    hook, check = (cli(*words, "--json", folder=project.root) for words in (("hook", "dvc-lock"), ("check",)))
    doctor = cli("doctor", "--offline", folder=project.root)
    if training == "author":
        assert (hook.code, check.code, "lock-out-of-step" in doctor.out) == (1, 2, True)
    else:
        remarks = ["dvc.lock: CI will run stage 'train'"]
        assert (hook.code, hook.json["remarks"], check.code, check.json["remarks"]) == (0, remarks, 0, remarks)
        assert "lock-out-of-step" not in doctor.out
    # Whoever asks this very question gets the answer to it.
    assert cli("lock", "check", folder=project.root).code == 1
    project.write("dvc.yaml", "stages: [")
    project.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=project.root).code == 1


def test_a_pipeline_that_cannot_be_read_names_no_command(project: Repo, cli: Cli) -> None:
    project.write("dvc.yaml", "stages: [")
    answer = cli("lock", "check", "--json", folder=project.root)
    assert (answer.code, answer.json["run"]) == (1, "")
    assert answer.json["problems"][0]["path"] == "dvc.yaml"
