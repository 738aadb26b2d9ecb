"""CML workflows through `migrate`, as the command says and writes it.

`cml/NAME/before.yml` are workflows as projects write them, `after.yml` and `said.txt` what becomes of them. After a
wanted change: `python -m tests.integration.cml_goldens` writes those two anew, to be read in the diff.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Repo
from tests.integration.cml_goldens import CASES, TOOLKIT, WORKFLOW

ROOT = Path(__file__).parents[2]
NAMES = [case.name for case in CASES]


@pytest.fixture(params=CASES, ids=NAMES)
def case(request: pytest.FixtureRequest) -> Path:
    """A folder with a workflow before and after."""
    found: Path = request.param
    return found


def migrated(cli: Cli, repo: Repo, content: bytes, *words: str) -> tuple[int, str, str]:
    repo.write(WORKFLOW, content)
    answer = cli("migrate", "--toolkit", TOOLKIT, *words, folder=repo.root)
    return answer.code, answer.out, answer.err


def test_a_workflow_becomes_what_was_looked_over(case: Path, cli: Cli, repo: Repo) -> None:
    before = (case / "before.yml").read_bytes()
    code, _, err = migrated(cli, repo, before, "--write")
    assert (repo.root / WORKFLOW).read_bytes() == (case / "after.yml").read_bytes()
    assert err == (case / "said.txt").read_text("utf-8")
    assert code == (1 if "by hand: " in err else 0)


def test_without_write_only_a_diff_is_printed_and_git_can_apply_it(case: Path, cli: Cli, repo: Repo) -> None:
    before = (case / "before.yml").read_bytes()
    _, out, _ = migrated(cli, repo, before)
    assert (repo.root / WORKFLOW).read_bytes() == before
    if out:
        patch = repo.write("change.patch", out)
        repo.git("apply", str(patch))
    assert (repo.root / WORKFLOW).read_bytes() == (case / "after.yml").read_bytes()


def test_a_second_time_changes_nothing(case: Path, cli: Cli, repo: Repo) -> None:
    after = (case / "after.yml").read_bytes()
    _, out, _ = migrated(cli, repo, after, "--write")
    assert out == ""
    assert (repo.root / WORKFLOW).read_bytes() == after


def actionlint(text: bytes, folder: Path) -> Counter[str]:
    target = folder / ".github" / "workflows" / "linted.yml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)
    done = subprocess.run(
        ["actionlint", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", str(target)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode in (0, 1), done.stderr
    return Counter(finding["message"] for finding in json.loads(done.stdout))


def zizmor(text: bytes, folder: Path) -> Counter[str]:
    target = folder / "linted.yml"
    target.write_bytes(text)
    done = subprocess.run(
        ["zizmor", "--offline", "--no-progress", "--format=json", "--no-exit-codes", str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return Counter(finding["ident"] for finding in found)


@pytest.mark.parametrize("lint", [actionlint, zizmor])
def test_linters_find_nothing_that_they_did_not_find_before(case: Path, lint: Any, tmp_path: Path) -> None:
    before, after = (lint((case / name).read_bytes(), tmp_path) for name in ("before.yml", "after.yml"))
    assert after - before == Counter()


def test_the_page_shows_what_the_command_does(cli: Cli, repo: Repo) -> None:
    page = (ROOT / "docs" / "from-cml.md").read_text("utf-8")
    diff = page.partition("```diff\n")[2].partition("```")[0].splitlines(keepends=True)
    top = (
        "on: pull_request\npermissions:\n  contents: read\n  pull-requests: write\njobs:\n  train:\n    runs-on: x\n"
    )
    before, after = (top + "".join(line[1:] for line in diff if line[0] in kept) for kept in (" -", " +"))
    repo.write(WORKFLOW, before)
    assert cli("migrate", "--toolkit", TOOLKIT, "--write", folder=repo.root).code == 0
    assert (repo.root / WORKFLOW).read_text("utf-8") == after.replace("@SHA", f"@{'a' * 40}")


def test_json_has_the_diff_and_what_is_left(cli: Cli, repo: Repo) -> None:
    repo.write(WORKFLOW, (CASES[0].parent / "retrain-pull-request" / "before.yml").read_bytes())
    repo.write(".github/workflows/other.yaml", "on: push\njobs: {}\n")
    answer = cli("migrate", "--toolkit", TOOLKIT, "--json", folder=repo.root)
    (found,) = answer.json["files"]
    assert (answer.code, answer.json["written"], found["path"], found["changed"]) == (1, False, WORKFLOW, True)
    assert found["diff"].startswith(f"--- a/{WORKFLOW}\n+++ b/{WORKFLOW}\n@@")
    assert [(left["line"], left["message"]) for left in found["manual_steps"]] == [
        (32, "cml pr opens a pull request")
    ]


@pytest.mark.parametrize("named", [True, False])
def test_pipelines_of_other_forges_are_named_as_not_covered(cli: Cli, repo: Repo, named: bool) -> None:
    repo.write(".gitlab-ci.yml", "report:\n  script:\n    - cml comment create report.md\n")
    repo.write("bitbucket-pipelines.yml", "pipelines: {}\n")
    names = [".gitlab-ci.yml"] if named else []
    answer = cli("migrate", "--toolkit", TOOLKIT, *names, folder=repo.root)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("by hand: .gitlab-ci.yml: GitLab is not covered")
    assert "bitbucket" not in answer.err


def test_the_default_branch_of_old_repositories_is_kept(cli: Cli, repo: Repo) -> None:
    repo.commit()
    repo.git("branch", "--move", "master")
    _, out, _ = migrated(cli, repo, (CASES[0].parent / "first-report" / "before.yml").read_bytes())
    assert "+    branches: [master]\n" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--toolkit", "gitops-mlops"], "error: 'gitops-mlops': does not name a commit"),
        (["--toolkit", "a/b@v1"], "error: 'a/b@v1': does not name a commit"),
        (["--toolkit", TOOLKIT + "\nevil: true"], "does not name a commit"),
        (["--toolkit", TOOLKIT, "no.yml"], "error: no.yml: there is no such file"),
        (["--toolkit", TOOLKIT, "../x.yml"], "error: '../x.yml': the path"),
        (["--toolkit", TOOLKIT, "latin.yml"], "error: latin.yml: not UTF-8"),
        (["--toolkit", TOOLKIT, "huge.yml"], "error: huge.yml: larger than"),
        (["--toolkit", TOOLKIT, ".github"], "is not a regular file"),
    ],
)
def test_a_wrong_word_is_told_in_one_line_and_nothing_is_written(
    cli: Cli, repo: Repo, words: list[str], said: str
) -> None:
    before = (CASES[0].parent / "first-report" / "before.yml").read_bytes()
    repo.write(WORKFLOW, before)
    repo.write("latin.yml", b"# caf\xe9")
    repo.write("huge.yml", b"#" * (1024 * 1024 + 1))
    answer = cli("migrate", *words, "--write", folder=repo.root)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert (repo.root / WORKFLOW).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("on: push\njobs: [\n", "not YAML"),
        ("on: &a push\njobs: {x: *a} # cml comment\n", "aliases"),
        ("on: push # cml\njobs: {a: {steps: [{run: cml comment create x}]}}\n", "write one key to a line"),
        ("on: push\njobs: 3 # cml pr\n", "has no jobs"),
        ("on: push\njobs:\n  a: !!python/object:os.x {} # cml pr\n", "tag"),
    ],
)
def test_a_file_that_cannot_be_read_or_edited_is_left_as_it_is(cli: Cli, repo: Repo, content: str, left: str) -> None:
    repo.write("named.yml", content)
    answer = cli("migrate", "--toolkit", TOOLKIT, "--write", "named.yml", folder=repo.root)
    assert answer.code == 1
    assert left in answer.err
    assert (repo.root / "named.yml").read_text("utf-8") == content
