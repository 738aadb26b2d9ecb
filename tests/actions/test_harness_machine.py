"""What a job finds on its machine, and what it leaves: clones, artifacts, processes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.actions.dispatcher import Dispatcher
from tests.actions.engine import Machine
from tests.actions.github import GitHub

CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
UPLOAD = "actions/upload-artifact@v5"
DOWNLOAD = "actions/download-artifact@v6"


def steps(*lines: str) -> str:
    listed = "\n".join(f"      - {line}" for line in lines)
    return f"on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n{listed}\n"


def test_a_checkout_fetches_as_much_as_is_asked_for(github: GitHub, tmp_path: Path) -> None:
    look = (
        "git log --format=%s | xargs echo; git tag | xargs echo; git branch --all --format='%(refname)' | xargs echo"
    )
    cases = {
        "": "",
        "fetch-depth: 2": "",
        "fetch-depth: 0": "",
        "fetch-tags: true": "",
        "ref: other": "",
        "ref: v1": "",
        "ref: refs/heads/main, fetch-depth: 0": "",
    }
    lines = []
    for number, given in enumerate(cases):
        lines.append(f"{{uses: '{CHECKOUT}', with: {{path: 'at{number}', {given}}}}}")
        lines.append(f'{{run: "cd at{number}; {look}; git cat-file -t v1 2>/dev/null || true"}}')
    github.repository("octo/demo", {"a": "1"})
    octo = github.user("octo")
    github.push(octo, "octo/demo", "other", {"b": "1"}, message="elsewhere")
    github.push(octo, "octo/demo", "main", {".github/workflows/a.yml": steps(*lines)}, message="second")
    clone = github.clone(octo, "octo/demo")
    subprocess.run(["git", "tag", "--annotate", "--message", "one", "v1"], cwd=clone, check=True)
    github.push_clone(octo, "octo/demo", "main", "--follow-tags")
    github.settle()
    github.push(octo, "octo/demo", "main", {"a": "2"}, message="third")
    (run,) = github.settle()
    origin = "refs/heads/main refs/remotes/origin/main"
    assert run.log.splitlines() == [
        *("third", "", origin),
        *("third second", "", origin),
        *("third second Change", "v1", f"{origin} refs/remotes/origin/other", "tag"),
        *("third", "v1", origin, "tag"),
        *("elsewhere", "", "refs/heads/other refs/remotes/origin/other"),
        *("second", "v1", "(HEAD detached at v1)", "tag"),
        *("third second Change", "v1", f"{origin} refs/remotes/origin/other", "tag"),
    ], run


@pytest.mark.parametrize("kept", [True, False])
def test_credentials_stay_in_a_clone_only_when_they_are_kept(github: GitHub, kept: bool) -> None:
    looks = "{run: 'git ls-remote --exit-code origin HEAD; git config --local --get-regexp extraheader'}"
    workflow = steps(f"{{uses: '{CHECKOUT}', with: {{persist-credentials: {str(kept).lower()}}}}}", looks)
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.forge.repository().private = True
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == ("success" if kept else "failure"), run
    assert ("AUTHORIZATION" in run.log.upper()) is kept


def test_artifacts_hold_what_was_asked_for_and_nothing_hidden(github: GitHub) -> None:
    made = "{run: 'mkdir -p a/b .h && touch a/b/c.txt a/.hid .h/x top.txt'}"
    uploads = [
        f"{{uses: '{UPLOAD}', with: {{name: '{name}', path: {path}, {more}}}}}"
        for name, path, more in (
            ("folder", "a", ""),
            ("hidden", "a", "include-hidden-files: true"),
            ("skipped", ".h/", "if-no-files-found: ignore"),
            ("named", ".h/x", ""),
            ("several", r'"a/**/*.txt\ntop.txt\n!a/b/**"', ""),
        )
    ]
    down = "  two: {needs: one, runs-on: ubuntu-latest, steps: ["
    down += f"{{uses: '{DOWNLOAD}', with: {{path: got}}}}, {{run: find got -type f | sort}}]}}"
    github.repository("octo/demo", {".github/workflows/a.yml": steps(made, *uploads) + down})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    found = run.job("two").log.split("\n")
    assert [line for line in found if line.startswith("got/")] == [
        *("got/folder/b/c.txt", "got/hidden/.hid", "got/hidden/b/c.txt", "got/named/x", "got/several/top.txt")
    ], run


def test_nothing_that_a_job_started_outlives_it(github: GitHub) -> None:
    started = "nohup sleep 1234 > /dev/null 2>&1 & echo pid=$!"
    stays = "RUNNER_TRACKING_ID= nohup sleep 1235 > /dev/null 2>&1 & echo pid=$!"
    workflow = steps(f"run: {started}", f"run: {stays}")
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    ended, kept = (int(line.removeprefix("pid=")) for line in run.log.splitlines())
    assert not psutil.pid_exists(ended) or psutil.Process(ended).status() == psutil.STATUS_ZOMBIE
    # As on GitHub, what takes the mark off stays: a deployed process does. The harness ends it with the test.
    assert psutil.Process(kept).cmdline() == ["sleep", "1235"]


def test_a_job_that_hangs_is_cancelled(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Dispatcher.machine

    def hurried(*given: object) -> Machine:
        return replace(machine(*given), limit=2.0)  # type: ignore[arg-type]

    monkeypatch.setattr(Dispatcher, "machine", hurried)
    workflow = steps("run: echo begun", "run: sleep 1236") + "  two: {needs: one, runs-on: ubuntu-latest, steps: []}"
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert github.checks(commit) == {"one": "cancelled", "two": "skipped"}, run
    assert run.log == "begun\n"
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "1236"]]


def test_a_machine_has_this_environment_and_none_of_our_variables(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_SECRET", "feathers")
    looks = 'run: \'"$GITOPS_MLOPS_ENVIRONMENT/bin/python" -c "import click" && env\''
    workflow = steps(
        looks, "{uses: actions/setup-python@v6, with: {python-version: '3.12'}}", "run: python3 --version"
    )
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == "success", run
    assert "feathers" not in run.log
    assert "GITHUB_REPOSITORY=octo/demo" in run.log


def test_an_action_of_this_repository_finds_its_files_and_its_siblings(github: GitHub) -> None:
    called = """
on: workflow_call
jobs:
  inner:
    runs-on: ubuntu-latest
    steps:
      - uses: $/actions/one
"""
    action = "runs: {using: composite, steps: [{shell: bash, run: 'cat $GITHUB_ACTION_PATH/../../said'}]}"
    files = {".github/workflows/called.yml": called, "actions/one/action.yml": action, "said": "from the tools\n"}
    github.repository("octo/tools", files)
    tools = github.forge.repository("octo/tools").git.commit("refs/heads/main")
    workflow = f"on: push\njobs: {{call: {{uses: 'octo/tools/.github/workflows/called.yml@{tools}'}}}}"
    github.repository("octo/demo", {".github/workflows/a.yml": workflow, "said": "from the project\n"})
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.job("call / inner").log == "from the tools\n", run
    assert github.checks(commit) == {"call / inner": "success"}
