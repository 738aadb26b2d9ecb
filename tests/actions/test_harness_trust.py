"""What a run may see and do: forks, tokens, secrets, environments, called workflows."""

from __future__ import annotations

import pytest

from tests.actions.github import GitHub
from tests.actions.run import Environment
from tests.fakes.forge import WRITE_ALL

CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
PUSHES = """
      - run: |
          git -c user.name=bot -c user.email=bot@example.org commit --quiet --allow-empty -m "By a workflow"
          git push --quiet origin HEAD:refs/heads/made-by-a-workflow
"""


def on(event: str, jobs: str, permissions: str = "{}") -> str:
    return f"name: Example\non: {event}\npermissions: {permissions}\njobs:\n{jobs}"


def job(name: str, steps: str, more: str = "") -> str:
    return f"  {name}:\n    runs-on: ubuntu-latest\n{more}    steps:\n{steps}"


NAIVE = on("pull_request", job("greet", '      - run: echo "Title ${{ github.event.pull_request.title }}"\n'))
CAREFUL = on(
    "pull_request",
    job(
        "greet", '      - run: echo "Title $TITLE"\n        env: {TITLE: "${{ github.event.pull_request.title }}"}\n'
    ),
)


@pytest.mark.parametrize(("workflow", "runs"), [(NAIVE, True), (CAREFUL, False)])
def test_an_injected_title_really_runs_where_a_workflow_is_naive(github: GitHub, workflow: str, runs: bool) -> None:
    github.repository("octo/demo", {".github/workflows/greet.yml": workflow})
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    github.push(mallory, fork, "patch", {"a": "1"})
    github.open_pull_request(mallory, fork, "patch", title='a"; echo "owned by $((40 + 2))"; echo "')
    (run,) = github.settle()
    assert ("owned by 42" in run.log) is runs, run


def test_a_fork_that_edits_the_workflow_gets_no_secret_and_no_token_that_writes(github: GitHub) -> None:
    github.repository("octo/demo", {"a": "1"}, secrets={"CANARY": "feathers"}, variables={"PLACE": "here"})
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    steps = (
        f"      - uses: {CHECKOUT}\n"
        + PUSHES
        + "      - run: env; echo '${{ toJSON(secrets) }}'\n        if: always()\n"
    )
    greedy = on("pull_request", job("steal", steps), "write-all")
    github.push(mallory, fork, "patch", {".github/workflows/steal.yml": greedy})
    github.open_pull_request(mallory, fork, "patch")
    (run,) = github.settle()
    steal = run.job("steal")
    assert steal.result == "failure"
    assert "403" in steal.log
    assert "CANARY" not in steal.log
    assert "feathers" not in "".join(
        path.read_text(errors="replace") for path in run.folder.rglob("*") if path.is_file()
    )
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" not in steal.log
    assert "refs/heads/made-by-a-workflow" not in github.forge.repository().git.refs()


def test_the_same_branch_in_the_repository_has_both(github: GitHub) -> None:
    steps = f"      - uses: {CHECKOUT}\n" + PUSHES + "      - run: test '${{ secrets.CANARY }}' = feathers\n"
    files = {".github/workflows/a.yml": on("pull_request", job("use", steps), "{contents: write}")}
    github.repository("octo/demo", files, secrets={"CANARY": "feathers"})
    octo = github.user("octo")
    github.push(octo, "octo/demo", "patch", {"a": "1"})
    github.open_pull_request(octo, "octo/demo", "patch")
    (run,) = github.settle()
    assert run.conclusion == "success", run
    assert "refs/heads/made-by-a-workflow" in github.forge.repository().git.refs()


@pytest.mark.parametrize(
    ("permissions", "result"), [("{contents: read}", "failure"), ("{contents: write}", "success")]
)
def test_each_job_has_a_token_of_its_own_that_starts_no_workflow(
    github: GitHub, permissions: str, result: str
) -> None:
    pushing = job("push", f"      - uses: {CHECKOUT}\n{PUSHES}", f"    permissions: {permissions}\n")
    idle = job("idle", "      - run: exit 0\n", "    permissions: {contents: write}\n")
    github.repository("octo/demo", {".github/workflows/a.yml": on("push", pushing + idle)})
    tokens = set(github.forge.token_of)
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert github.checks(commit) == {"push": result, "idle": "success"}, run
    assert set(github.forge.token_of) == tokens, "a token ends with its job"


CALLED = """
on:
  workflow_call:
    inputs: {model: {type: string, required: true}}
    secrets: {canary: {required: false}}
    outputs: {answer: {value: "${{ jobs.inner.outputs.answer }}"}}
jobs:
  inner:
    name: Inner of ${{ inputs.model }}
    runs-on: ubuntu-latest
    permissions: PERMISSIONS
    outputs: {answer: "${{ steps.say.outputs.answer }}"}
    steps:
      - id: say
        run: echo "answer=${{ inputs.model }} ${{ github.workflow }}" >> "$GITHUB_OUTPUT"
      - run: echo "canary [${{ secrets.canary != '' }}] token [${{ secrets.GITHUB_TOKEN != '' }}]"
"""
CALLING = """
  outer:
    name: Outer
    uses: ./.github/workflows/called.yml
    permissions: {contents: read}
    with: {model: delay}
    SECRETS
  after:
    needs: outer
    runs-on: ubuntu-latest
    steps: [{run: "echo 'It said ${{ needs.outer.outputs.answer }}'"}]
"""


@pytest.mark.parametrize(
    ("secrets", "there"),
    [("", "false"), ("secrets: inherit", "true"), ("secrets: {canary: '${{ secrets.CANARY }}'}", "true")],
)
def test_a_called_workflow_sees_what_it_is_given(github: GitHub, secrets: str, there: str) -> None:
    files = {
        ".github/workflows/called.yml": CALLED.replace("PERMISSIONS", "{contents: read}"),
        ".github/workflows/a.yml": on("push", CALLING.replace("SECRETS", secrets)),
    }
    github.repository("octo/demo", files, secrets={"CANARY": "feathers"})
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert github.checks(commit) == {"Outer / Inner of delay": "success", "after": "success"}, run
    assert f"canary [{there}] token [true]" in run.job("Outer / Inner of delay").log
    assert "It said delay Example" in run.job("after").log


def test_a_called_workflow_that_asks_for_more_than_its_caller_has_does_not_start(github: GitHub) -> None:
    files = {
        ".github/workflows/called.yml": CALLED.replace("PERMISSIONS", "{contents: write}"),
        ".github/workflows/a.yml": on("push", CALLING.replace("SECRETS", "")),
    }
    github.repository("octo/demo", files)
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == "startup_failure"
    assert "requesting 'contents: write'" in run.error
    assert run.jobs == {}


ROLLOUT = on(
    "push",
    job(
        "rollout",
        "      - run: echo \"$HERE\"; test '${{ matrix.to }}' != broken\n"
        "        env: {HERE: '${{ vars.PLACE }} ${{ secrets.KEY }}'}\n",
        '    strategy: {max-parallel: 1, matrix: {to: "${{ fromJSON(vars.ALL) }}"}}\n'
        "    environment: {name: '${{ matrix.to }}', deployment: false}\n",
    )
    + job("after", "      - run: exit 0\n", "    needs: rollout\n"),
)


def test_an_environment_keeps_its_secrets_until_someone_approves(github: GitHub) -> None:
    environments = {
        "staging": Environment(secrets={"KEY": "low"}, variables={"PLACE": "yard"}),
        "production": Environment(secrets={"KEY": "high"}, variables={"PLACE": "house"}, reviewed=True),
    }
    github.repository(
        "octo/demo",
        {".github/workflows/a.yml": ROLLOUT},
        environments=environments,
        variables={"ALL": '["staging", "production"]'},
    )
    commit = github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.conclusion == ""
    assert github.checks(commit) == {"rollout (staging)": "success", "rollout (production)": "waiting"}, run
    assert github.required(commit, "rollout (production)") == "pending"
    assert run.job("rollout (staging)").log == "yard ***\n"
    github.approve(run, "production")
    assert run.conclusion == "success", run
    assert run.job("rollout (production)").log == "house ***\n"
    assert github.checks(commit)["after"] == "success"


def test_what_is_refused_fails_and_the_first_failure_of_a_matrix_cancels_the_rest(github: GitHub) -> None:
    environments = {"production": Environment(reviewed=True)}
    github.repository(
        "octo/demo",
        {".github/workflows/a.yml": ROLLOUT},
        environments=environments,
        variables={"ALL": '["production", "broken", "last"]'},
    )
    octo = github.user("octo")
    github.push(octo, "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    github.refuse(run, "production")
    ended = {"rollout (production)": "failure", "rollout (broken)": "cancelled", "rollout (last)": "cancelled"}
    assert run.checks == {**ended, "after": "skipped"}, run
    github.rerun(run, failed_only=True)
    assert run.attempt == 2
    assert run.checks == {**ended, "after": "skipped"}, run


def test_an_environment_of_other_branches_lets_none_in(github: GitHub) -> None:
    github.repository(
        "octo/demo",
        {".github/workflows/a.yml": ROLLOUT},
        environments={"production": Environment(branches=("main",))},
        variables={"ALL": '["production"]'},
    )
    commit = github.push(github.user("octo"), "octo/demo", "other", {"a": "1"})
    github.settle()
    assert github.required(commit, "rollout (production)") == "failure"


def test_a_forks_run_waits_for_approval_where_the_repository_says_so(github: GitHub) -> None:
    workflow = on("pull_request", job("look", "      - run: exit 0\n"))
    github.repository("octo/demo", {".github/workflows/a.yml": workflow}, approve_forks=True)
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    head = github.push(mallory, fork, "patch", {"a": "1"})
    github.open_pull_request(mallory, fork, "patch")
    (run,) = github.settle()
    assert run.conclusion == "action_required"
    assert github.required(head, "look") == "pending"
    github.approve(run)
    assert github.required(head, "look") == "success"


def test_who_may_push_where(github: GitHub) -> None:
    github.repository("octo/demo", {"a": "1"})
    mallory, ada = github.user("mallory"), github.collaborator("octo/demo", "ada")
    github.push(ada, "octo/demo", "patch", {"a": "2"})
    with pytest.raises(AssertionError, match="403"):
        github.push(mallory, "octo/demo", "patch", {"a": "3"})
    github.forge.repository().private = True
    with pytest.raises(AssertionError, match="not found"):
        github.clone(mallory, "octo/demo")
    assert github.keeper.may(None, "octo/demo", write=False) == 401
    assert github.keeper.may("no-such-token", "octo/demo", write=False) == 401
    elsewhere = github.forge.add_token("github-actions[bot]", WRITE_ALL, repository="octo/other")
    assert github.keeper.may(elsewhere, "octo/demo", write=True) == 404


def test_an_output_that_holds_a_secret_reaches_no_other_job(github: GitHub) -> None:
    outputs = "    outputs: {plain: 'open', secret: 'a-${{ secrets.KEY }}-b'}\n"
    says = job("says", "      - run: exit 0\n", outputs)
    hears = job("hears", "      - run: echo '[${{ needs.says.outputs.plain }}]'\n", "    needs: says\n")
    github.repository("octo/demo", {".github/workflows/a.yml": on("push", says + hears)}, secrets={"KEY": "feathers"})
    github.push(github.user("octo"), "octo/demo", "main", {"a": "1"})
    (run,) = github.settle()
    assert run.job("says").outputs == {"plain": "open", "secret": ""}, run
    assert run.job("hears").log == "[open]\n"
