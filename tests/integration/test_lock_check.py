"""`lock check`: what is out of date, what nobody pushed, and the very command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli, Repo

pytestmark = pytest.mark.usefixtures("preloaded")


def test_a_clone_without_data_is_in_step_and_its_data_is_on_the_remote(training_clone: Repo, cli: Cli) -> None:
    answer = cli("lock", "check", "--remote", "--json", folder=training_clone.root)
    assert (answer.code, answer.json) == (
        0,
        {"problems": [], "remarks": [], "unchecked": [], "missing": [], "fix": ""},
    ), answer.err


def test_what_it_says_to_run_mends_it(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("train.py", "two\n")
    answer = cli("lock", "check", "--json", folder=training_clone.root)
    assert answer.code == 1
    assert [problem["where"] for problem in answer.json["problems"]] == ["stages.train.deps"]
    assert answer.json["fix"] == (
        "dvc repro --all-pipelines && dvc push && git add -- dvc.lock metrics.json sub/dvc.lock"
    )
    training_clone.run("dvc", "pull", "--quiet")
    training_clone.run("sh", "-c", answer.json["fix"])
    # What is to be added is all that there is to add.
    assert training_clone.git("diff", "--name-only").split() == ["train.py"]
    assert cli("lock", "check", "--remote", folder=training_clone.root).code == 0


def test_only_what_depends_on_the_change_is_named(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("each.py", "another\n")
    answer = cli("lock", "check", folder=training_clone.root)
    assert (answer.code, answer.out.splitlines()[-1]) == (1, "run: dvc repro && dvc push && git add -- dvc.lock")


@pytest.mark.parametrize("name", ["model.bin", "sub/parts", "sub/score.bin"])
def test_an_output_that_nobody_pushed_is_missing_evidence(training_clone: Repo, cli: Cli, name: str) -> None:
    training_clone.run("dvc", "pull", "--quiet")
    before = cli("lock", "check", "--remote", "--json", folder=training_clone.root)
    assert before.code == 0
    content = training_clone.root / name / "one" if name == "sub/parts" else training_clone.root / name
    digest = training_clone.run("md5sum", str(content)).split()[0]
    (training_clone.root.parent / "storage" / "files" / "md5" / digest[:2] / digest[2:]).unlink()
    answer = cli("lock", "check", "--remote", "--json", folder=training_clone.root)
    assert answer.code == 3
    assert name in [missing["path"] for missing in answer.json["missing"]]
    assert answer.json["fix"] == "dvc push"
    assert cli("lock", "check", folder=training_clone.root).code == 0


def test_without_a_remote_and_without_its_folder(training_clone: Repo, cli: Cli) -> None:
    training_clone.run("dvc", "remote", "modify", "--local", "storage", "url", "s3://bucket/path")
    unusable = cli("lock", "check", "--remote", folder=training_clone.root)
    assert (unusable.code, unusable.err.count("\n")) == (4, 1), unusable.err
    training_clone.run("dvc", "remote", "remove", "storage")
    training_clone.run("dvc", "remote", "remove", "--local", "storage", check=False)
    answer = cli("lock", "check", "--remote", folder=training_clone.root)
    assert (answer.code, answer.err.count("\n")) == (3, 1), answer.err
    assert "dvc remote add" in answer.err


@pytest.mark.parametrize("training", ["author", "ci"])
def test_what_ci_will_run_is_no_problem_of_its_author(training_clone: Repo, cli: Cli, training: str) -> None:
    training_clone.write("mlops.yaml", f"version: 1\ntraining: {training}\n")
    training_clone.write("train.py", "two\n")
    training_clone.git("add", "--all")
    hook, check = (cli(*words, "--json", folder=training_clone.root) for words in (("hook", "dvc-lock"), ("check",)))
    doctor = cli("doctor", "--offline", folder=training_clone.root)
    if training == "author":
        assert (hook.code, check.code, "lock-out-of-step" in doctor.out) == (1, 2, True)
    else:
        remarks = ["dvc.lock: CI will run stage 'train'"]
        assert (hook.code, hook.json["remarks"], check.code, check.json["remarks"]) == (0, remarks, 0, remarks)
        assert "lock-out-of-step" not in doctor.out
    # Whoever asks this very question gets the answer to it.
    assert cli("lock", "check", folder=training_clone.root).code == 1
    training_clone.write("dvc.yaml", "stages: [")
    training_clone.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=training_clone.root).code == 1


def test_a_pipeline_that_cannot_be_read_names_no_command(training_clone: Repo, cli: Cli) -> None:
    training_clone.write("dvc.yaml", "stages: [")
    answer = cli("lock", "check", "--json", folder=training_clone.root)
    assert (answer.code, answer.json["fix"]) == (1, "")
    assert answer.json["problems"][0]["path"] == "dvc.yaml"


def _make_uncheckable(repo: Repo) -> None:
    """A stage of which only DVC can tell whether it is in step, staged in a repository without commits."""
    repo.run("dvc", "init", "--quiet")
    (repo.root.parent / "outside.csv").write_text("o\n")
    repo.write("other.src", "s\n")
    repo.write(
        "dvc.yaml",
        "stages:\n  s:\n    cmd: cat ../outside.csv other.src > o.txt\n    deps: [../outside.csv, other.src]\n"
        "    outs: [o.txt: {cache: false}]\n",
    )
    repo.run("dvc", "repro", "--quiet")
    repo.git("add", "--all")


def test_a_first_commit_may_have_changed_every_stage(repo: Repo, cli: Cli) -> None:
    _make_uncheckable(repo)
    answer = cli("hook", "dvc-lock", folder=repo.root)
    assert (answer.code, "1 stage not checked: s" in answer.err) == (3, True), answer.err
    repo.write("mlops.yaml", "version: 1\nunchecked-stages: warn\n")
    repo.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=repo.root).code == 0


def test_the_hook_counts_what_is_staged(repo: Repo, cli: Cli) -> None:
    """Also what is no more so on disk, and nothing that is so only there."""
    _make_uncheckable(repo)
    repo.commit("ran")
    definition = (repo.root / "dvc.yaml").read_text()
    repo.write("dvc.yaml", f"# More.\n{definition}")
    assert cli("hook", "dvc-lock", folder=repo.root).code == 0
    repo.git("add", "dvc.yaml")
    repo.write("dvc.yaml", definition)
    answer = cli("hook", "dvc-lock", folder=repo.root)
    assert (answer.code, "1 stage not checked: s" in answer.err) == (3, True), answer.err
    repo.git("reset", "--quiet", "--hard")
    repo.write("notes.md", "no stage reads it\n")
    repo.git("add", "--all")
    assert cli("hook", "dvc-lock", folder=repo.root).code == 0


def test_an_import_that_was_never_downloaded_is_not_checked(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    """Its `.dvc` file has no MD5 until `dvc pull`: where it is absent nothing says what it is."""
    _make_uncheckable(repo)
    origin = tmp_path / "origin.csv"
    origin.write_text("o\n")
    repo.run("dvc", "import-url", "--quiet", "--no-download", str(origin), "lake.csv")
    unread = (repo.root / "lake.csv.dvc").read_text()
    repo.write("dvc.yaml", "stages:\n  t: {cmd: cp lake.csv t.txt, deps: [lake.csv], outs: [t.txt]}\n")
    repo.run("dvc", "pull", "--quiet", "lake.csv.dvc")
    repo.run("dvc", "repro", "--quiet", "t")
    assert cli("lock", "check", folder=repo.root).code == 0
    repo.write("lake.csv.dvc", unread)
    assert cli("lock", "check", folder=repo.root).code == 0
    (repo.root / "lake.csv").unlink()
    answer = cli("lock", "check", folder=repo.root)
    assert (answer.code, "DVC recorded no MD5 of 'lake.csv'" in answer.err) == (3, True), answer.err
