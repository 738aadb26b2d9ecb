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
    ],
)
def test_it_would_be_told(before: str, after: str) -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
    assert before in text
    assert problems(text.replace(before, after, 1), "release")


def test_what_is_installed_has_digests() -> None:
    """Row 20: every requirement of the toolkit, and of this repository, names the digests of its files."""
    for path in (ROOT / "actions/setup/requirements.txt", ROOT / "requirements.txt"):
        lines = path.read_text("utf-8").replace("\\\n", " ").splitlines()
        wanted = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        assert len(wanted) > 20
        assert [line for line in wanted if "==" not in line or "--hash=sha256:" not in line] == []
