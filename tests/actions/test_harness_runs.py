"""Which runs there are, and how their jobs go together."""

from __future__ import annotations

import pytest

from tests.actions.github import GitHub
from tests.actions.workflow import WorkflowError

CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
SAY = "{runs-on: ubuntu-latest, steps: [{run: 'echo $GITHUB_EVENT_NAME $GITHUB_REF $GITHUB_SHA $GITHUB_ACTOR'}]}"


def test_what_needs_a_failed_job_is_skipped_and_the_gate_sees_it(github: GitHub) -> None:
    workflow = """
on: push
jobs:
  breaks: {runs-on: ubuntu-latest, outputs: {a: b}, steps: [{run: exit 3}]}
  next: {needs: breaks, runs-on: ubuntu-latest, steps: [{run: exit 0}]}
  far: {needs: next, if: failure(), runs-on: ubuntu-latest, steps: [{run: exit 0}]}
  called: {needs: next, uses: ./.github/workflows/called.yml}
  gate:
    needs: [breaks, next, far, called]
    if: ${{ always() }}
    runs-on: ubuntu-latest
    steps: [{run: 'echo "${{ join(needs.*.result) }}"; exit 1'}]
"""
    called = "on: workflow_call\njobs: {inner: {runs-on: ubuntu-latest, steps: [{run: exit 0}]}}"
    files = {".github/workflows/a.yml": workflow, ".github/workflows/called.yml": called}
    github.repository("octo/demo", files)
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    checks = {"breaks": "failure", "next": "skipped", "far": "success", "called": "skipped", "gate": "failure"}
    assert github.checks(commit) == checks, run
    # `needs.*` has no order.
    assert sorted(run.job("gate").log.strip().split(",")) == ["failure", "skipped", "skipped", "success"]
    # The trap: a skipped check passes where it is required, and the check of a called job that never came does not.
    assert github.required(commit, "next") == "success"
    assert github.required(commit, "called / inner") == "pending"


def test_a_matrix_is_a_check_for_each_machine(github: GitHub) -> None:
    workflow = """
on: push
jobs:
  plain:
    strategy: {fail-fast: false, matrix: {a: [1, two], b: [x]}}
    runs-on: ubuntu-latest
    steps: [{run: 'test ${{ matrix.a }} = two'}]
  named:
    name: On ${{ matrix.a }}
    strategy: {matrix: {a: [1]}}
    runs-on: ubuntu-latest
    steps: [{run: exit 0}]
"""
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert github.checks(commit) == {"plain (1, x)": "failure", "plain (two, x)": "success", "On 1": "success"}, run
    assert run.conclusion == "failure"


def test_a_matrix_runs_in_the_order_of_the_file(github: GitHub) -> None:
    workflow = """
on: push
jobs:
  many:
    strategy:
      matrix:
        z: [2, 1]
        a: [y, x, "1"]
        exclude: [{z: 2, a: y}]
        include: [{z: 3, a: w}]
    runs-on: ubuntu-latest
    steps: [{run: exit 0}]
"""
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert list(run.checks) == [f"many ({one})" for one in ("2, x", "2, 1", "1, y", "1, x", "1, 1", "3, w")], run


CONCURRENT = """
on: push
concurrency:
  group: one-${{ github.ref }}
  cancel-in-progress: CANCEL
  queue: QUEUE
jobs: {say: SAY}
"""


@pytest.mark.parametrize(
    ("cancel", "queue", "conclusions"),
    [
        ("false", "single", ["success", "cancelled", "success"]),
        ("true", "single", ["cancelled", "cancelled", "success"]),
        ("false", "max", ["success", "success", "success"]),
        ("${{ github.ref == 'refs/heads/other' }}", "single", ["success", "cancelled", "success"]),
    ],
)
def test_a_concurrency_group_runs_the_first_and_the_last(
    github: GitHub, cancel: str, queue: str, conclusions: list[str]
) -> None:
    workflow = CONCURRENT.replace("CANCEL", cancel).replace("QUEUE", queue).replace("SAY", SAY)
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    for number in range(3):
        github.push(github.user("octo"), "octo/demo", "main", {"a": str(number)})
    github.settle()
    assert [run.conclusion for run in github.dispatcher.runs] == conclusions


def test_a_called_workflows_group_cancels_too(github: GitHub) -> None:
    called = "on: workflow_call\n" + CONCURRENT.replace("\non: push", "").replace("CANCEL", "true")
    files = {
        ".github/workflows/a.yml": "on: push\njobs: {call: {uses: ./.github/workflows/called.yml}}",
        ".github/workflows/called.yml": called.replace("QUEUE", "single").replace("SAY", SAY),
    }
    github.repository("octo/demo", files)
    for number in range(2):
        github.push(github.user("octo"), "octo/demo", "main", {"a": str(number)})
    github.settle()
    assert [run.conclusion for run in github.dispatcher.runs] == ["cancelled", "success"]


def test_buttons_clocks_tags_and_queues_start_what_listens_to_them(github: GitHub) -> None:
    on = "{workflow_dispatch: {inputs: {model: {required: true}}}, schedule: [{cron: '5 4 * * *'}], merge_group: "
    on += "{types: [checks_requested]}, push: {tags: ['v*']}, repository_dispatch: {types: [drift]}}"
    said = SAY.replace("$GITHUB_ACTOR", "$GITHUB_ACTOR ${{ inputs.model }} ${{ github.event.client_payload.why }}")
    github.repository("octo/demo", {".github/workflows/a.yml": f"on: {on}\njobs: {{say: {said}}}"})
    octo = github.user("octo")

    def ended() -> str:
        (run,) = github.settle()
        return run.job("say").log.strip()

    git = github.forge.repository().git
    main = git.commit("refs/heads/main")
    github.dispatch(octo, "a.yml", {"model": "delay"})
    assert ended() == f"workflow_dispatch refs/heads/main {main} octo delay"
    with pytest.raises(WorkflowError, match="Required input 'model'"):
        github.dispatch(octo, "a.yml")
    github.schedule("5 4 * * *")
    assert ended() == f"schedule refs/heads/main {main} octo"
    github.schedule("0 0 * * *")
    github.forge.dispatch("drift", {"why": "psi"}, by="ada", starts=False)
    assert github.settle() == []
    github.forge.dispatch("drift", {"why": "psi"}, by="ada")
    assert ended() == f"repository_dispatch refs/heads/main {main} ada psi"
    git("tag", "v1", str(main))
    assert ended() == f"push refs/tags/v1 {main} ada"
    github.push(octo, "octo/demo", "patch", {"a": "1"})
    number = github.open_pull_request(octo, "octo/demo", "patch")
    merged = github.merge_group(octo, number)
    assert ended() == f"merge_group refs/heads/gh-readonly-queue/main/pr-{number}-{main} {merged} octo"
    assert github.checks(merged) == {"say": "success"}


def test_a_pull_request_runs_as_it_merges_and_again_when_it_moves(github: GitHub) -> None:
    workflow = f"""
on: {{pull_request: {{branches: [main], paths: ['models/**']}}}}
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - run: cat base models/a; test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
"""
    github.repository("octo/demo", {".github/workflows/a.yml": workflow, "base": "old\n"})
    octo = github.user("octo")
    github.push(octo, "octo/demo", "patch", {"models/a": "1\n"})
    github.push(octo, "octo/demo", "main", {"base": "new\n"})
    number = github.open_pull_request(octo, "octo/demo", "patch")
    (run,) = github.settle()
    assert run.log == "new\n1\n", run
    moved = github.push(octo, "octo/demo", "patch", {"models/a": "2\n"})
    (again,) = github.settle()
    assert (again.log, again.head, again.payload["action"]) == ("new\n2\n", moved, "synchronize")
    github.push(octo, "octo/demo", "docs", {"README.md": "1"})
    github.open_pull_request(octo, "octo/demo", "docs")
    assert github.settle() == []
    github.push(octo, "octo/demo", "main", {"models/a": "3\n"})
    github.push(octo, "octo/demo", "patch", {"models/a": "4\n"})
    assert github.settle() == [], "a pull request that conflicts starts nothing"
    assert github.forge.pull(number).mergeable is False


def test_a_rerun_is_another_attempt_of_the_same_run(github: GitHub) -> None:
    workflow = """
on: push
jobs:
  first: {runs-on: ubuntu-latest, outputs: {at: '${{ github.run_attempt }}'}, steps: [{run: exit 0}]}
  second:
    needs: first
    runs-on: ubuntu-latest
    steps: [{run: 'echo ${{ needs.first.outputs.at }} $GITHUB_RUN_ATTEMPT; test $GITHUB_RUN_ATTEMPT -gt 1'}]
"""
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == "failure"
    github.rerun(run, failed_only=True)
    assert (run.conclusion, run.job("second").log) == ("success", "1 2\n"), run
    github.rerun(run)
    assert run.job("second").log == "3 3\n", run


@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        (
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: nobody/nothing@v1}]}}",
            "no stand-in for nobody",
        ),
        ("on: push\njobs: {", "while parsing"),
        ("on: push\nsteps: []", "has `on` and `jobs`"),
        ("on: push\njobs: {a: {runs-on: gpu, steps: [{run: exit 0}]}}", "no runner has the labels"),
        ("on: push\njobs: {a: {needs: b, runs-on: ubuntu-latest, steps: []}}", "needs b, which does not exist"),
        ("on: push\njobs: {a: {uses: octo/gitops-mlops/.github/workflows/no.yml@main}}", "was not found"),
        ("on: push\njobs: {a: {uses: ./.github/workflows/a.yml}}", "not reusable"),
        ("on: push\njobs: {a: {permissions: {contents: all}, runs-on: ubuntu-latest, steps: []}}", "no permissions"),
        ("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{rum: exit 0}]}}", "Unknown Property rum"),
        (
            f"on: push\njobs: {{a: {{runs-on: ubuntu-latest, steps: [{{uses: {CHECKOUT}, with: {{lfs: true}}}}]}}}}",
            "does not know lfs",
        ),
    ],
)
def test_what_cannot_start_says_why(github: GitHub, workflow: str, message: str) -> None:
    github.repository("octo/demo", {".github/workflows/a.yml": workflow})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == "startup_failure"
    assert message in run.error
