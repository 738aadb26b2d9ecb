"""The harness itself: small workflows, run for real."""

from __future__ import annotations

from tests.actions.github import GitHub

CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"


def test_a_push_runs_a_workflow_at_its_commit(github: GitHub) -> None:
    workflow = f"""
name: CI
on: push
permissions: {{}}
jobs:
  look:
    runs-on: ubuntu-latest
    permissions: {{contents: read}}
    outputs: {{commit: "${{{{ steps.clone.outputs.commit }}}}"}}
    steps:
      - uses: {CHECKOUT}
        id: clone
        with: {{fetch-depth: 0, persist-credentials: false}}
      - run: test "$(git rev-parse HEAD)" = "$GITHUB_SHA" && cat README.md && echo "# seen" >> "$GITHUB_STEP_SUMMARY"
  gate:
    name: The gate
    needs: look
    if: always()
    runs-on: ubuntu-latest
    steps: [{{run: "echo '::notice file=README.md,line=1::${{{{ needs.look.result }}}}'"}}]
"""
    github.repository("octo/demo", {"README.md": "hello\n", ".github/workflows/ci.yml": workflow})
    commit = github.push(github.user("octo"), "octo/demo", "main", {"README.md": "good day\n"})
    (run,) = github.settle()
    assert (run.conclusion, run.error) == ("success", "")
    look = run.job("look")
    assert look.outputs == {"commit": commit}
    assert "good day" in look.log
    assert look.summary == "# seen\n"
    assert look.permissions == {"contents": "read"}
    (note,) = run.job("The gate").annotations
    assert (note.level, note.message, note.file, note.line) == ("notice", "success", "README.md", 1)
    assert github.checks(commit) == {"look": "success", "The gate": "success"}
    assert github.settle() == []


def test_a_fork_opens_a_pull_request_and_another_workflow_reads_what_it_left(github: GitHub) -> None:
    checked = """
name: Pull request
on: pull_request
permissions: {}
jobs:
  measure:
    runs-on: ubuntu-latest
    permissions: {contents: write}
    steps:
      - run: |
          echo "$GITHUB_REF $GITHUB_HEAD_REF $GITHUB_BASE_REF [${{ secrets.CANARY }}] [${{ vars.PLACE }}]" > said.txt
          cat said.txt
      - uses: actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4
        with: {name: review, path: said.txt, if-no-files-found: error}
"""
    report = """
name: Report
on: {workflow_run: {workflows: [Pull request], types: [completed]}}
permissions: {}
jobs:
  post:
    runs-on: ubuntu-latest
    permissions: {actions: read}
    steps:
      - uses: actions/download-artifact@v5
        with:
          name: review
          run-id: ${{ github.event.workflow_run.id }}
          github-token: ${{ github.token }}
      - run: cat said.txt; echo "$GITHUB_REF $GITHUB_SHA [${{ secrets.CANARY != '' }}]"
"""
    files = {".github/workflows/pull-request.yml": checked, ".github/workflows/report.yml": report, "a": "1"}
    github.repository("octo/demo", files, secrets={"CANARY": "feathers"}, variables={"PLACE": "here"})
    mallory = github.user("mallory")
    fork = github.fork(mallory, "octo/demo")
    head = github.push(mallory, fork, "patch", {"a": "2"})
    number = github.open_pull_request(mallory, fork, "patch")
    measured, posted = github.settle()
    assert (measured.event, measured.conclusion, measured.error) == ("pull_request", "success", "")
    assert measured.job("measure").log.startswith(f"refs/pull/{number}/merge patch main [] []")
    assert list(measured.artifacts) == ["review"]
    assert (posted.event, posted.conclusion) == ("workflow_run", "success"), posted
    main = github.forge.repository().git.commit("refs/heads/main")
    assert f"refs/pull/{number}/merge patch main [] []" in posted.log
    assert f"refs/heads/main {main} [true]" in posted.log
    assert github.checks(head) == {"measure": "success"}
