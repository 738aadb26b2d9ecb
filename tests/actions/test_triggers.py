"""The filters below `on:`, with the examples of GitHub's documentation (Filter pattern cheat sheet)."""

from __future__ import annotations

import pytest

from tests.actions.triggers import Occasion, chosen, dispatch_inputs, starts
from tests.actions.workflow import Origin, Workflow, WorkflowError, parse

REFS = [
    ("feature/*", "feature/my-branch feature/your-branch", "feature/beta-a/my-branch feature my/feature/a"),
    ("feature/**", "feature/beta-a/my-branch feature/your-branch feature/mona/the/octocat", "feature features/a"),
    ("main", "main", "main2 a/main domain"),
    ("releases/mona-the-octocat", "releases/mona-the-octocat", "releases/mona"),
    ("*", "main releases", "all/the/branches"),
    ("**", "all/the/branches every/tag main", ""),
    ("*feature", "mona-feature feature ver-10-feature", "features a/feature"),
    ("v2*", "v2 v2.0 v2.9", "v1 av2 v2/a"),
    ("v[12].[0-9]+.[0-9]+", "v1.10.1 v2.0.0", "v3.0.0 v1.1 v1.a.0 v1x0x0"),
]
PATHS = [
    ("*", "README.md server.rb", "docs/a.md"),
    ("*.jsx?", "page.js page.jsx", "page.jsxx a/page.js pagexjs"),
    ("**", "all/the/files.md", ""),
    ("*.js", "app.js index.js", "src/app.js app.ts"),
    ("**.js", "index.js js/index.js src/js/app.js", "index.ts js/index.js/a"),
    ("docs/*", "docs/README.md docs/file.txt", "docs/mona/octocat.txt a/docs/file.txt"),
    ("docs/**", "docs/README.md docs/mona/octocat.txt", "docs doc/a"),
    ("docs/**/*.md", "docs/README.md docs/mona/hello-world.md docs/a/markdown/file.md", "docs/a.txt a/docs/b.md"),
    ("**/docs/**", "docs/hello.md dir/docs/my-file.txt space/docs/plan/space.doc", "mydocs/a docs"),
    ("**/README.md", "README.md js/README.md", "js/MYREADME.md"),
    ("**/*src/**", "a/src/app.js my-src/code/js/app.js", "src a/srcs/b"),
    ("**/*-post.md", "my-post.md path/their-post.md", "post.md a-post.md/b"),
    (
        "**/migrate-*.sql",
        "migrate-10909.sql db/migrate-v1.0.sql db/sept/migrate-v1.sql",
        "migrate.sql db/migrate-/a.sql",
    ),
    ("[CB]at", "Cat Bat", "Rat CBat"),
    ("[1-2]00", "100 200", "300"),
    ("Octo*", "Octocat", "octocat Octo/cat"),
    (r"a\+b", "a+b", "aab ab"),
]


@pytest.mark.parametrize(("pattern", "matches", "differs"), REFS + PATHS)
def test_a_pattern_matches_what_the_documentation_says(pattern: str, matches: str, differs: str) -> None:
    for name in matches.split():
        assert chosen(name, [pattern]), name
    for name in differs.split():
        assert not chosen(name, [pattern]), name


def test_the_last_pattern_that_matches_decides() -> None:
    assert [chosen(one, ["*.md", "!README.md"]) for one in ("hello.md", "README.md", "docs/hello.md")] == [
        True,
        False,
        False,
    ]
    again = ["*.md", "!README.md", "README*"]
    assert all(chosen(one, again) for one in ("hello.md", "README.md", "README.doc"))


def workflow(on: str) -> Workflow:
    return parse(f"on: {on}\njobs: {{}}", "a.yml", Origin("octo/demo", "0" * 40))


PULL, RAN = "pull_request", "workflow_run"
NO_ALPHA = "{push: {branches: ['releases/**', '!releases/**-alpha']}}"
OF_CI = "{workflow_run: {workflows: [CI], types: [completed]}}"
TABLE = [
    ("push", Occasion("push", branch="any"), True),
    ("push", Occasion("push", tag="v1"), True),
    ("push", Occasion(PULL, "opened", branch="main"), False),
    ("[push, pull_request]", Occasion(PULL, "opened", branch="main"), True),
    ("{push: {branches: [main]}}", Occasion("push", branch="main"), True),
    ("{push: {branches: [main]}}", Occasion("push", branch="other"), False),
    ("{push: {branches: [main]}}", Occasion("push", tag="main"), False),
    ("{push: {branches-ignore: ['release/**']}}", Occasion("push", branch="release/1"), False),
    ("{push: {branches-ignore: ['release/**']}}", Occasion("push", branch="main"), True),
    ("{push: {branches-ignore: ['release/**']}}", Occasion("push", tag="v1"), False),
    ("{push: {tags: ['v*']}}", Occasion("push", tag="v1"), True),
    ("{push: {tags: ['v*']}}", Occasion("push", tag="w1"), False),
    ("{push: {tags: ['v*']}}", Occasion("push", branch="v1"), False),
    ("{push: {tags-ignore: ['v*']}}", Occasion("push", tag="w1"), True),
    ("{push: {branches: [main], tags: ['v*']}}", Occasion("push", tag="v1"), True),
    ("{push: {branches: [main], tags: ['v*']}}", Occasion("push", branch="main"), True),
    (NO_ALPHA, Occasion("push", branch="releases/10-alpha"), False),
    (NO_ALPHA, Occasion("push", branch="releases/beta/3"), True),
    ("{push: {paths: ['**.js']}}", Occasion("push", branch="main", paths=["a.md", "b/c.js"]), True),
    ("{push: {paths: ['**.js']}}", Occasion("push", branch="main", paths=["a.md"]), False),
    ("{push: {paths: ['**.js']}}", Occasion("push", branch="main", paths=None), True),
    ("{push: {paths-ignore: ['docs/**']}}", Occasion("push", branch="main", paths=["docs/a", "docs/b"]), False),
    ("{push: {paths-ignore: ['docs/**']}}", Occasion("push", branch="main", paths=["docs/a", "b"]), True),
    ("{push: {paths: ['sub/**', '!sub/docs/**']}}", Occasion("push", branch="main", paths=["sub/docs/a"]), False),
    ("{push: {branches: [main], paths: ['a']}}", Occasion("push", branch="b", paths=["a"]), False),
    ("{push: {tags: ['v*'], paths: ['a']}}", Occasion("push", tag="v1", paths=["b"]), True),
    (PULL, Occasion(PULL, "opened", branch="main"), True),
    (PULL, Occasion(PULL, "synchronize", branch="main"), True),
    (PULL, Occasion(PULL, "reopened", branch="main"), True),
    (PULL, Occasion(PULL, "closed", branch="main"), False),
    (PULL, Occasion(PULL, "labeled", branch="main"), False),
    ("{pull_request: {types: [labeled]}}", Occasion(PULL, "labeled", branch="main"), True),
    ("{pull_request: {types: labeled}}", Occasion(PULL, "opened", branch="main"), False),
    ("{pull_request: {branches: [main]}}", Occasion(PULL, "opened", branch="next"), False),
    ("{pull_request: {paths: ['models/**']}}", Occasion(PULL, "opened", branch="main", paths=["README.md"]), False),
    (OF_CI, Occasion(RAN, "completed", workflow="CI"), True),
    (OF_CI, Occasion(RAN, "requested", workflow="CI"), False),
    ("{workflow_run: {workflows: [CI]}}", Occasion(RAN, "completed", workflow="Other"), False),
    ("{workflow_run: {workflows: CI, branches: [main]}}", Occasion(RAN, "completed", "fix", workflow="CI"), False),
    ("{repository_dispatch: {types: [drift]}}", Occasion("repository_dispatch", "drift"), True),
    ("{repository_dispatch: {types: [drift]}}", Occasion("repository_dispatch", "other"), False),
    ("repository_dispatch", Occasion("repository_dispatch", "anything"), True),
    ("merge_group", Occasion("merge_group", "checks_requested", branch="main"), True),
    ("{merge_group: {branches: [next]}}", Occasion("merge_group", "checks_requested", branch="main"), False),
    ("{schedule: [{cron: '5 * * * *'}, {cron: '0 0 * * 0'}]}", Occasion("schedule", cron="0 0 * * 0"), True),
    ("{schedule: [{cron: '5 * * * *'}]}", Occasion("schedule", cron="0 0 * * 0"), False),
    ("{issues: {types: [opened]}}", Occasion("issues", "closed"), False),
    ("workflow_dispatch", Occasion("workflow_dispatch"), True),
]  # fmt: skip


@pytest.mark.parametrize(("on", "occasion", "expected"), TABLE)
def test_a_workflow_starts_when_its_filters_let_it(on: str, occasion: Occasion, expected: bool) -> None:
    assert starts(workflow(on), occasion) is expected


@pytest.mark.parametrize(
    ("on", "message"),
    [
        ("{push: {branches: [a], branches-ignore: [b]}}", "cannot stand beside"),
        ("{push: {branches: ['!a']}}", "matches nothing"),
        ("{push: {path: [a]}}", "no filter path"),
        ("{pull_request: {tags: [a]}}", "no filter tags"),
    ],
)
def test_what_github_would_not_take_is_an_error(on: str, message: str) -> None:
    filters = workflow(on)
    with pytest.raises(WorkflowError, match=message):
        starts(filters, Occasion(next(iter(filters.triggers)), "opened", branch="a"))


INPUTS = """{workflow_dispatch: {inputs: {
  model: {required: true, type: string}, stage: {type: choice, options: [staging, production], default: staging},
  dry: {type: boolean, default: false}, rows: {type: number, default: 5}, note: {}}}}"""


def test_the_inputs_of_a_button_are_filled_in_and_checked() -> None:
    asked = workflow(INPUTS.replace("\n", " "))
    filled = {"model": "delay", "stage": "staging", "dry": "false", "rows": "5", "note": ""}
    assert dispatch_inputs(asked, {"model": "delay"}) == filled
    for wrong, message in (
        ({}, "Required input 'model'"),
        ({"model": "delay", "stage": "test"}, "not in the list of allowed values"),
        ({"model": "delay", "dry": "yes"}, "not a boolean"),
        ({"model": "delay", "moddel": "x"}, "Unexpected inputs"),
    ):
        with pytest.raises(WorkflowError, match=message):
            dispatch_inputs(asked, wrong)


def test_words_that_yaml_1_1_takes_for_something_else_stay_words() -> None:
    body = parse(
        "on: push\njobs: {a: {x: [on, yes, no, off, 12:30, 0o7, true, 1, 1.5, null, ~]}}", "a.yml", Origin("", "")
    )
    assert body.jobs["a"]["x"] == ["on", "yes", "no", "off", "12:30", "0o7", True, 1, 1.5, None, None]
