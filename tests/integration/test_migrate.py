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
