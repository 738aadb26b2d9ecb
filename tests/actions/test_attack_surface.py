"""What no workflow or action of ours may hold, whatever it is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actions.sources import ROOT

FILES = [*sorted(ROOT.glob(".github/workflows/*.yml")), *sorted(ROOT.glob("actions/*/action.yml"))]
# Those whose token writes, or that stand behind a merge.
TRUSTED = {"lock", "report", "release", "rollback", "scheduled"}
PINNED = re.compile(r"\$/\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


# On a runner that stays, a trusted job makes away with what the last job left, before git or anything else reads it.
EMPTY = 'find "$GITHUB_WORKSPACE" -mindepth 1 -delete'


def installs_what_was_left(data: Any) -> list[str]:
    """The jobs with a token that writes, or with a secret, that install what no checkout of theirs brought."""
    found = []
    for name, job in data["jobs"].items():
        granted = job.get("permissions", data.get("permissions", {"contents": "write"}))
        rights = "write" in str(granted) or "secrets." in str(job)
        there = False
        for step in job.get("steps", []) if rights else []:
            uses, nothing = step.get("uses", ""), step.get("with", {}).get("requirements") == ""
            there = there or uses.startswith("actions/checkout@")
            if "/actions/setup" in uses and not there and not nothing:
                found.append(f"{name} installs what was left")
    return found


def problems(text: str, name: str) -> list[str]:
    """What is unsafe in a workflow or an action."""
    data: Any = yaml.safe_load(text)
    found = [f"not pinned: {one}" for one in re.findall(r"\buses: (.*)", text) if not PINNED.match(one)]
    if re.search("pull_request_target", text):
        found.append("pull_request_target")
    if name in TRUSTED and data.get("cache-mode") != "none":
        found.append("may read a cache")
    if name in TRUSTED and re.search(r"actions/(repro|review)\b|\bdvc repro\b", text):
        found.append("runs the pipeline, with its run cache")
    jobs = [data["runs"]] if "runs" in data else data["jobs"].values()
    if name in TRUSTED:
        found += [f"begins in what was left: {job}" for job in jobs if job["steps"][0].get("run") != EMPTY]
    if "runs" not in data:
        found += installs_what_was_left(data)
    for step in (step for job in jobs for step in job.get("steps", [])):
        uses, given = step.get("uses", ""), step.get("with", {})
        if "/cache" in uses or {"cache", "enable-cache"} & given.keys():
            found.append(f"a cache: {uses}")
        if uses.startswith("actions/checkout@") and given.get("persist-credentials") is not False:
            found.append("a checkout keeps its token")
        if "${{" in step.get("run", ""):
            found.append(f"an expression in a script: {step['run']}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_of_ours(path: Path) -> None:
    """Rows 13, 16, 17, 18, 20."""
    assert problems(path.read_text("utf-8"), path.stem) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cache-mode: none", ""),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7"),
        ("persist-credentials: false", "persist-credentials: true"),
        ("python-version: ${{ inputs.python-version }}", "cache: pip"),
        ("uses: $/actions/release", "uses: $/actions/repro"),
        ("jobs:", "jobs: {a: {steps: [{run: '${{ inputs.prepare }}'}]}}\nold:"),
        ("workflow_call:", "pull_request_target:"),
        (EMPTY, "ls"),
    ],
)
def test_it_would_be_told(before: str, after: str) -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
    assert before in text
    assert problems(text.replace(before, after, 1), "release")


PAGES = sorted(
    path
    for place in ("README.md", "docs/*.md", "actions/*/README.md", "templates/**/*.yml")
    for path in ROOT.glob(place)
)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_example_installs_what_was_left(path: Path) -> None:
    """Row 23: whoever copies a workflow of ours gets one that is safe on a runner that stays."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", text) if path.suffix == ".md" else [text]
    for data in (yaml.safe_load(block) for block in blocks if re.search("^jobs:", block, re.MULTILINE)):
        assert installs_what_was_left(data) == []


def test_verbs_that_need_nothing_of_the_project_install_nothing_of_it() -> None:
    """Row 23: also where setup did not run."""
    for verb in ("comment", "lock"):
        (step,) = yaml.safe_load((ROOT / f"actions/{verb}/action.yml").read_text("utf-8"))["runs"]["steps"]
        assert step["env"]["GITOPS_MLOPS_SETUP_DEFAULT"] == ""


def test_what_is_installed_has_digests() -> None:
    """Row 20: every requirement of the toolkit, and of this repository, names the digests of its files."""
    for path in (ROOT / "actions/setup/requirements.txt", ROOT / "requirements.txt"):
        lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
        wanted = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        assert len(wanted) > 20
        assert [line for line in wanted if "==" not in line or "--hash=sha256:" not in line] == []


def test_an_install_of_what_was_left_would_be_told() -> None:
    text = (ROOT / ".github/workflows/report.yml").read_text("utf-8")
    assert installs_what_was_left(yaml.safe_load(text)) == []
    assert installs_what_was_left(yaml.safe_load(text.replace('requirements: ""', "aws-role: a"))) == [
        "comment installs what was left"
    ]
