"""Workflows that call ours: what GitHub would refuse, or let through unsafely."""

import re
from pathlib import Path

import pytest

from gitops_mlops.domain.doctor.workflows import PERMISSIONS, RANKS, deaf_workflows, workflow_problems
from gitops_mlops.domain.document.yaml import parse_yaml

PAGE = Path(__file__).parents[4] / "docs/github.md"
OURS = Path(__file__).parents[4] / ".github/workflows"
TYPES = "    types: [opened, synchronize, reopened, edited] # edited: the base may be another one\n"
STAGES = ["staging", "production"]


def callers() -> dict[str, str]:
    """The callers that the page shows, by file name."""
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    return {path.rsplit("/", 1)[-1]: text for path, text in blocks}


def told(files: dict[str, str], stages: list[str] = STAGES) -> list[str]:
    documents = [parse_yaml(text, name, anchors=True) for name, text in files.items()]
    return [str(problem) for problem in workflow_problems(documents, stages)]


def test_the_callers_of_the_page_are_right() -> None:
    assert len(callers()) == 4
    assert told(callers()) == []


def test_what_a_caller_must_grant_is_what_our_workflows_ask_for() -> None:
    """GitHub starts nothing when a called job asks for more than its caller has."""
    for name, granted in PERMISSIONS.items():
        for job in parse_yaml((OURS / f"{name}.yml").read_text(), name).data["jobs"].values():
            for permission, level in job.get("permissions", {}).items():
                assert RANKS[granted.get(permission, "none")] >= RANKS[level], (name, permission)


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (
            "mlops-pull-request.yml",
            "  pull_request:\n",
            "  pull_request_target:\n",
            "yml:3:3: on.pull_request_target: runs",
        ),
        ("mlops-pull-request.yml", ", edited]", "]", "yml:4:5: on.pull_request.types: does not run on edited"),
        ("mlops-pull-request.yml", "[opened, ", "[", "does not run on opened →"),
        (
            "mlops-pull-request.yml",
            TYPES,
            "",
            "yml:3:3: on.pull_request: does not run on edited: a pull request that",
        ),
        ("mlops-pull-request.yml", "@" + "0" * 40, "@main", "@main can be moved to other code"),
        ("mlops-pull-request.yml", "@" + "0" * 40, "@v1", "@v1 can be moved to other code"),
        ("mlops-pull-request.yml", "/pull-request.yml", "/pull-requests.yml", "perhaps you meant"),
        ("mlops-pull-request.yml", "contents: read", "contents: none", "pull-request.yml needs contents: read"),
        ("mlops-report.yml", "[mlops]", "[ml]", "names 'ml', and none of them calls pull-request.yml"),
        ("mlops-report.yml", "[mlops]", "[]", "names no workflow"),
        ("mlops-report.yml", "pull-requests: write", "pull-requests: read", "report.yml needs pull-requests: write"),
        (
            "mlops-release.yml",
            "      deployments: write # what runs where\n",
            "",
            "release.yml needs deployments: write",
        ),
    ],
)
def test_each_mistake_is_told_with_its_line(file: str, before: str, after: str, said: str) -> None:
    files = callers()
    assert before in files[file]
    found = told({**files, file: files[file].replace(before, after)})
    assert len(found) == 1
    assert found[0].startswith(f"{file}:")
    assert said in found[0]


def with_environments(caller: str, value: str) -> str:
    return caller.replace("    secrets:", f"    with:\n      environments: {value}\n    secrets:")


def test_the_environments_are_those_of_the_configuration_in_their_order() -> None:
    found = told(callers(), ["canary", "production"])
    assert len(found) == 2
    assert all("""write environments: '["canary", "production"]'""" in one for one in found)
    release = callers()["mlops-release.yml"]
    given = release.replace(
        "    secrets:", """    with:\n      environments: '["canary", "production"]'\n    secrets:"""
    )
    assert told({"r.yml": given}, ["canary", "production"]) == []
    broken = with_environments(release, "staging")
    assert "is not a JSON list" in told({"r.yml": broken})[0]
    computed = release.replace(
        "    secrets:", "    with:\n      environments: ${{ vars.ENVIRONMENTS }}\n    secrets:"
    )
    assert told({"r.yml": computed}) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "jobs: 1", "jobs: {a: 1, b: {steps: [1, {uses: 2}]}}", "on: []\njobs: {a: {uses: 1}}"]
)
def test_a_workflow_of_any_shape_is_read(text: str) -> None:
    assert told({"a.yml": text}) == []


@pytest.mark.parametrize(
    ("on", "count"),
    [
        ("pull_request", 1),
        ("[pull_request, merge_group]", 1),
        ("{pull_request: {types: edited}}", 1),
        ("{pull_request: {types: [edited, reopened, synchronize, opened, labeled]}}", 0),
        ("[merge_group]", 0),
        ("1", 0),
    ],
)
def test_however_on_is_written(on: str, count: int) -> None:
    caller = callers()["mlops-pull-request.yml"]
    written = re.sub(r"(?s)on:\n.*?permissions: {}", f"on: {on}\npermissions: {{}}", caller, count=1)
    assert len(told({"p.yml": written})) == count


def test_read_all_and_write_all_are_known() -> None:
    caller = callers()["mlops-report.yml"]
    block = caller[caller.index("    permissions:") : caller.index("    cache-mode")]
    assert told({"r.yml": caller.replace(block, "    permissions: write-all\n")}) == []
    assert "needs pull-requests: write" in told({"r.yml": caller.replace(block, "    permissions: read-all\n")})[0]


@pytest.mark.parametrize("action", ["review", "compare", "validate", "repro"])
def test_an_action_that_reads_the_base_wants_to_hear_of_another_one(action: str) -> None:
    text = f"""on:
  pull_request:
jobs:
  one:
    steps:
      - uses: OWNER/gitops-mlops/actions/{action}@{"0" * 40}
"""
    found = [str(problem) for problem in deaf_workflows([parse_yaml(text, "a.yml")])]
    assert len(found) == (action in ("review", "compare"))
    assert all(
        "on.pull_request: does not run on edited: a pull request that gets another base" in one for one in found
    )
    heard = text.replace("pull_request:\n", f"pull_request:\n{TYPES}")
    assert deaf_workflows([parse_yaml(heard, "a.yml")]) == []
    assert told({"a.yml": text}) == []
