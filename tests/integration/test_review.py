"""`gitops-mlops review` on real repositories, DVC caches and models: a change as its pull request's job sees it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from gitops_mlops.domain.review.review import PullRequestReport, parse_review
from gitops_mlops.reports.review.markdown import review_markdown
from tests.conftest import Answer, Cli, Repo
from tests.integration.comparison_project import ComparisonProject, asking, machines
from tests.unit.reports import github

pytestmark = pytest.mark.usefixtures("preloaded")

Call = Callable[..., Answer]
CONTRACT = """\
version: 1
strict: false
columns:
  row: {type: int64, unique: true}
  day: {type: string, pattern: '2026-03-\\d\\d'}
  speed: {type: float64, min: -10, max: 10}
"""


@pytest.fixture
def champion_and_branch(repo: Repo) -> ComparisonProject:
    """On main a champion that knows two of three features, and a contract; on a branch nothing new yet."""
    made = ComparisonProject(repo)
    text = (made.root / "mlops.yaml").read_text()
    repo.write("mlops.yaml", text.replace("{path: data/test.parquet}", "{path: data/test.parquet, contract: c.yaml}"))
    repo.write("c.yaml", CONTRACT)
    repo.write(".gitignore", (made.root / ".gitignore").read_text() + "/review.json\n")
    made.train("speed", "load")
    made.release()
    repo.git("switch", "--quiet", "--create", "branch")
    return made


@pytest.fixture
def review(cli: Cli, champion_and_branch: ComparisonProject) -> Callable[..., PullRequestReport]:
    call = asking(cli, champion_and_branch, "review")

    def reviewed(*words: str, code: int = 0) -> PullRequestReport:
        answer = call(*(words or ("--base", "main")), "--json", code=code)
        written = parse_review((champion_and_branch.root / "review.json").read_bytes())
        assert parse_review(answer.out) == written
        assert github.problems(review_markdown(written)) == []
        return written

    return reviewed


def configure(project: ComparisonProject, old: str, new: str) -> None:
    text = (project.root / "mlops.yaml").read_text()
    assert old in text
    project.repo.write("mlops.yaml", text.replace(old, new))


def test_a_change_of_words_costs_nothing(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.repo.commit("words", **{"README.md": "words"})
    # Neither data nor model is there to be read: they are not asked for.
    for path in (champion_and_branch.root / ".dvc" / "cache").rglob("*"):
        if path.is_file():
            path.unlink()
    found = review()
    assert (found.verdict, found.models[0].skipped, found.datasets[0].skipped) == ("pass", "base", "base")
    assert found.commits.base == champion_and_branch.repo.git("rev-parse", "main").strip()
    assert found.commits.head == champion_and_branch.repo.git("rev-parse", "HEAD").strip()


def test_a_better_model_is_compared_by_the_gates_of_the_base(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.train()
    configure(champion_and_branch, "margin: 2%", "margin: 90%")
    champion_and_branch.repo.commit("better, with a gate of its own")
    found = review()
    report = found.models[0].report
    assert found.verdict == "pass"
    assert report is not None
    assert (report.kind, [change.name for change in report.gate_changes]) == (
        "pull-request",
        ["gate log_loss non-inferior"],
    )
    assert found.datasets[0].skipped == "base"
    assert "**This change edits the gates**" in review_markdown(found)


def test_a_worse_model_cannot_pass_by_lowering_its_gates(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.train("age")
    configure(champion_and_branch, "{metric: log_loss, rule: non-inferior, margin: 2%}, ", "")
    configure(champion_and_branch, "min: 0.6", "min: 0.1")
    champion_and_branch.repo.commit("worse, with its gates lowered")
    assert review(code=1).verdict == "block"


def test_taking_the_model_out_of_the_configuration_is_said(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    text = (champion_and_branch.root / "mlops.yaml").read_text()
    champion_and_branch.repo.write("mlops.yaml", text[: text.index("models:")].replace(", contract: c.yaml", ""))
    champion_and_branch.repo.commit("no gates at all")
    found = review()
    assert [(one.outcome, one.skipped) for one in found.models] == [("warn", "removed")]
    assert [(one.outcome, one.skipped) for one in found.datasets] == [("warn", "removed")]
    assert "takes it out of" in review_markdown(found)


def test_what_became_the_champion_again_is_not_compared(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.train("speed")
    champion_and_branch.repo.commit("on main, worse and never released")
    champion_and_branch.repo.git("branch", "--force", "main")
    champion_and_branch.repo.git("checkout", "--quiet", "main~1", "--", "dvc.lock")
    champion_and_branch.repo.commit("back to what production runs")
    assert review().models[0].skipped == "champion"


def test_data_that_changed_is_held_against_its_contract_at_the_line_of_the_rule(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    frame = machines().with_columns(
        pl.when(pl.col("row") < 3).then(99.0).otherwise(pl.col("speed")).alias("speed"),
        pl.col("day").str.replace("-30", "-3x"),
    )
    champion_and_branch.data("data/test.parquet", frame)
    champion_and_branch.repo.commit("other data")
    found = review(code=1)
    (dataset,) = found.datasets
    assert [(rule.column, rule.check, rule.rows, rule.line) for rule in dataset.rules] == [
        ("day", "pattern", 30, 5),
        ("speed", "max", 3, 6),
    ]
    places = [(problem.path, problem.line, problem.where) for problem in found.annotations]
    assert places == [("c.yaml", 5, "test: day pattern"), ("c.yaml", 6, "test: speed max")]
    assert "30 rows: does not match" in str(found.annotations[0])
    assert found.models[0].report is not None, "a model on other data is compared again"


def test_an_edited_contract_is_told_and_checked_again(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.repo.write("c.yaml", CONTRACT.replace("max: 10", "max: 100"))
    champion_and_branch.repo.commit("a loose contract")
    found = review()
    (dataset,) = found.datasets
    assert (dataset.outcome, dataset.rows, [edit.column for edit in dataset.edits]) == ("pass", 900, ["speed"])
    assert "**This change edits the contract of test**" in review_markdown(found)


def test_a_lock_that_is_out_of_step_blocks(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.repo.write("params.yaml", "train: {seed: 2}\n")
    champion_and_branch.repo.commit("a seed and no training")
    found = review(code=1)
    assert found.lock is not None
    assert (found.lock.stale, found.lock.problems[0].path) == (("train",), "dvc.yaml")
    assert "What to run: `dvc repro`, `dvc push`, `git add -- dvc.lock`." in review_markdown(found)
    assert found.models[0].skipped == "base"


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("mlops.yaml", "version: 1\nmodels: [", 2),
        ("mlops.yaml", "version: 1\nmodel: {}\n", 2),
        ("dvc.lock", "[", 2),
        ("c.yaml", "version: 1\ncolumns: {row: {type: no}}\n", 2),
    ],
)
def test_a_broken_file_is_the_result_and_not_the_end_of_it(
    champion_and_branch: ComparisonProject,
    review: Callable[..., PullRequestReport],
    path: str,
    content: str,
    code: int,
) -> None:
    champion_and_branch.repo.commit("broken", **{path: content})
    found = review(code=code)
    assert (found.verdict, found.problems[0].path) == ("usage", path)
    assert found.problems[0].line > 0


def test_without_a_configuration_that_is_said(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.repo.git("rm", "--quiet", "mlops.yaml")
    found = review(code=2)
    assert [failure.message for failure in found.failures] == [
        "mlops.yaml: there is no such file → add one; the README shows how"
    ]


def second_model(project: ComparisonProject, path: str) -> None:
    dvc = (project.root / "dvc.yaml").read_text()
    project.repo.write("dvc.yaml", f"{dvc}  other: {{path: {path}, type: model}}\n")
    text = (project.root / "mlops.yaml").read_text()
    body = text[text.index("  fault:") : text.index("environments:")]
    text = text.replace("environments:", body.replace("fault:", "other:") + "environments:")
    project.repo.write("mlops.yaml", text.replace("port: 8080", "port: {fault: 8080, other: 8081}"))


def test_one_model_that_cannot_be_compared_keeps_no_other_from_it(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.train()
    second_model(champion_and_branch, "models/none.skops")
    champion_and_branch.repo.commit("two models, of which one was never made")
    found = review(code=3)
    assert {one.name: one.outcome for one in found.models} == {"other": "evidence", "fault": "pass"}
    text = review_markdown(found)
    assert text.split("\n")[1] == "## ❌ Cannot be judged, evidence is missing: model other"
    assert "| ✅\N{NO-BREAK SPACE}fault | better than" in text
    assert "<details><summary>✅ fault: the whole report</summary>" in text


def test_only_what_is_asked_for_is_compared(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.train()
    second_model(champion_and_branch, "models/none.skops")
    champion_and_branch.repo.commit("two models")
    assert [one.name for one in review("fault", "--base", "main").models] == ["fault"]
    found = review("falt", "--base", "main", code=2)
    assert "perhaps you meant 'fault'" in found.failures[0].message


def test_the_projects_own_code_may_end_as_it_likes(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    configure(
        champion_and_branch,
        "models:\n",
        "metrics:\n  own: {function: 'own:score', better: higher, reads: predictions}\nmodels:\n",
    )
    champion_and_branch.repo.write("own.py", "raise SystemExit(0)\n")
    configure(champion_and_branch, "gates: [", "gates: [{metric: own, min: 0}, ")
    champion_and_branch.repo.commit("a metric that ends the program")
    champion_and_branch.repo.git("branch", "--force", "main")
    champion_and_branch.train()
    champion_and_branch.repo.commit("a model")
    assert review(code=1).verdict == "block"


ENDING = """\
import pandera.polars as pa


class Table(pa.DataFrameModel):
    day: str
    broken: int

    @pa.check("broken")
    def ends(cls, data):
        raise SystemExit(0)
"""


def test_a_contract_that_ends_the_program_ends_only_its_own_step(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    configure(champion_and_branch, "contract: c.yaml", "contract: 'c.py:Table'")
    champion_and_branch.repo.write("c.py", ENDING)
    champion_and_branch.train()
    champion_and_branch.repo.commit("a contract in Python, and a model")
    found = review(code=4)
    assert found.verdict == "outside"
    assert found.models[0].outcome == "pass"


def test_gates_that_change_alone_are_held_against_the_same_model(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    configure(champion_and_branch, "margin: 2%", "margin: 1%")
    champion_and_branch.repo.commit("a stricter gate")
    report = review().models[0].report
    assert report is not None
    assert [change.name for change in report.gate_changes] == ["gate log_loss non-inferior"]


def in_a_job(project: ComparisonProject, patch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Check out the trial merge, as actions/checkout does; main has gone on meanwhile. Base and head."""
    head = project.repo.git("rev-parse", "HEAD").strip()
    project.repo.git("switch", "--quiet", "main")
    base = project.repo.commit("main goes on", **{"other.md": "other"})
    project.repo.git("update-ref", "refs/remotes/origin/main", "main")
    project.repo.git("switch", "--quiet", "--detach", "main")
    project.repo.git("merge", "--quiet", "--no-ff", "-m", "trial", "branch")
    merge = project.repo.git("rev-parse", "HEAD").strip()
    for name, value in {
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": merge,
        "GITHUB_BASE_REF": "main",
        "GITHUB_RUN_ID": "4711",
        "GITHUB_SERVER_URL": "https://git.example",
        "GITHUB_REPOSITORY": "octo/flights",
    }.items():
        patch.setenv(name, value)
    return base, head


def test_a_trial_merge_with_another_base_is_refused(
    champion_and_branch: ComparisonProject, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Row 22: after a pull request was retargeted, GitHub keeps the merge with the old base for a while."""
    champion_and_branch.train()
    champion_and_branch.repo.commit("better")
    base, _ = in_a_job(champion_and_branch, monkeypatch)
    event = tmp_path / "event.json"
    pull = {"base": {"ref": "strict", "sha": "b" * 40}, "head": {"repo": {"id": 1}}}
    event.write_text(json.dumps({"pull_request": pull, "repository": {"id": 1}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    champion_and_branch.repo.git("update-ref", "refs/remotes/origin/strict", f"{base}~1")
    answer = cli("review", folder=champion_and_branch.root)
    assert answer.code == 3
    assert f"the trial merge is with {base[:10]}, which is not a commit of strict" in " ".join(answer.out.split())
    champion_and_branch.repo.git("update-ref", "refs/remotes/origin/strict", base)
    found = parse_review(cli("review", "--json", folder=champion_and_branch.root).out)
    assert (found.commits.base, found.commits.branch, found.commits.branch_commit) == (base, "strict", "b" * 40)
    # A clone that lacks the branch cannot tell.
    champion_and_branch.repo.git("update-ref", "-d", "refs/remotes/origin/strict")
    assert cli("review", folder=champion_and_branch.root).code == 3


def test_in_a_job_the_commits_are_those_of_the_pull_request(
    champion_and_branch: ComparisonProject, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion_and_branch.train()
    champion_and_branch.repo.commit("better")
    base, head = in_a_job(champion_and_branch, monkeypatch)
    answer = cli("review", "--json", folder=champion_and_branch.root)
    found = parse_review(answer.out)
    assert (answer.code, found.commits.base, found.commits.head) == (0, base, head)
    assert found.models[0].report is not None
    assert (found.commits.merge, found.run, found.pull_request) == (
        champion_and_branch.repo.git("rev-parse", "HEAD").strip(),
        4711,
        7,
    )
    assert "/actions/runs/4711" in review_markdown(found, "https://git.example/octo/flights")


def test_the_base_is_where_the_branch_began(champion_and_branch: ComparisonProject, cli: Cli, repo: Repo) -> None:
    began = repo.git("rev-parse", "main").strip()
    repo.git("remote", "add", "origin", "https://git.example/octo/flights")
    repo.git("update-ref", "refs/remotes/origin/main", repo.commit("main goes on"))
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("reset", "--quiet", "--hard", began)
    repo.commit("words", **{"README.md": "words"})
    answer = cli("review", "--json", folder=champion_and_branch.root)
    assert (answer.code, parse_review(answer.out).commits.base) == (0, began)


def test_a_base_that_nobody_knows_is_an_error_that_says_what_to_do(
    champion_and_branch: ComparisonProject, cli: Cli, review: Callable[..., PullRequestReport]
) -> None:
    assert cli("review", folder=champion_and_branch.root).code == 2
    found = parse_review((champion_and_branch.root / "review.json").read_bytes())
    assert "--base main" in found.failures[0].message
    assert found.models == ()
    assert review("--base", "nowhere", code=3).verdict == "evidence"


def test_a_terminal_gets_a_summary_and_pages_when_asked(champion_and_branch: ComparisonProject, cli: Cli) -> None:
    champion_and_branch.train("age")
    champion_and_branch.repo.commit("worse")
    answer = cli("review", "--base", "main", "--html", "pages", folder=champion_and_branch.root)
    assert answer.code == 1
    assert answer.out.startswith("BLOCK  does not pass: model fault\n")
    assert "As on the base, so skipped: data test." in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80
    assert [path.name for path in (champion_and_branch.root / "pages").iterdir()] == ["fault.html"]


def test_data_that_differs_from_the_record_is_not_what_is_read(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.data("data/test.parquet", machines(seed=5))
    champion_and_branch.repo.write("data/test.parquet", b"not what is recorded")
    champion_and_branch.repo.commit("other data")
    assert review(code=3).datasets[0].message.startswith("data/test.parquet: differs from what dvc.lock records")
    (champion_and_branch.root / "data/test.parquet").unlink()
    assert review().datasets[0].rows == 900
    recorded = hashlib.md5(champion_and_branch.tracked["data/test.parquet"]).hexdigest()
    (champion_and_branch.root / ".dvc/cache/files/md5" / recorded[:2] / recorded[2:]).unlink()
    assert [one.outcome for one in review(code=3).datasets] == ["evidence"]


def test_a_folder_is_read_where_it_is(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    champion_and_branch.repo.write(
        "parts.dvc", f"outs:\n- {{path: parts, hash: md5, md5: {'0' * 32}.dir, size: 9, nfiles: 1}}\n"
    )
    champion_and_branch.repo.write(".gitignore", (champion_and_branch.root / ".gitignore").read_text() + "/parts\n")
    configure(champion_and_branch, "datasets:\n", "datasets:\n  parts: {path: parts, contract: c.yaml}\n")
    champion_and_branch.repo.commit("a folder of data")
    assert "dvc pull" in next(one.message for one in review(code=3).datasets if one.name == "parts")
    machines(10).write_parquet(champion_and_branch.root / "parts" / "a.parquet", mkdir=True)
    assert next(one.rows for one in review().datasets if one.name == "parts") == 10


def test_in_a_job_rules_are_marked_in_their_contract_and_the_summary_is_the_comment(
    champion_and_branch: ComparisonProject, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    champion_and_branch.data("data/test.parquet", machines().with_columns(pl.lit(99.0).alias("speed")))
    champion_and_branch.repo.write("params.yaml", "train: {seed: 2}\n")
    champion_and_branch.repo.commit("other data")
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    answer = cli("--github", "review", "--base", "main", folder=champion_and_branch.root)
    assert answer.code == 1
    assert "::error file=c.yaml,line=6" in answer.out
    assert "::error file=dvc.yaml,line=" in answer.out
    written = parse_review((champion_and_branch.root / "review.json").read_bytes())
    assert review_markdown(written).strip() in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert "\nblock\n" in (tmp_path / "GITHUB_OUTPUT").read_text()


def test_what_the_pipeline_did_is_told_and_what_failed_there_blocks(
    champion_and_branch: ComparisonProject, review: Callable[..., PullRequestReport]
) -> None:
    ran = {"schema": "gitops-mlops/repro/2", "commit": "", "outcome": "ran", "seconds": 3.5, "skipped": ["prepare"]}
    ran["pulled"] = {"files": 1, "bytes": 2_000_000}
    champion_and_branch.repo.write(".gitops-mlops/repro.json", json.dumps(ran))
    text = review_markdown(review())
    assert "Pipeline: ran what had changed, 1 stage skipped" in text
    assert "pulled 2.0 MB" in text
    failed = {**ran, "outcome": "failed", "reason": "train.py ended with 1", "log_tail": ["Traceback @org"]}
    champion_and_branch.repo.write(".gitops-mlops/repro.json", json.dumps(failed))
    found = review(code=1)
    assert "## ⛔ Does not pass: the pipeline\n" in review_markdown(found)
    assert "train.py ended with 1" in review_markdown(found)
    champion_and_branch.repo.write(".gitops-mlops/repro.json", "{}")
    assert review(code=3).failures[0].step == "pipeline"


def test_a_shallow_clone_says_how_to_get_the_history(
    champion_and_branch: ComparisonProject, cli: Cli, tmp_path: Path, repo: Repo
) -> None:
    champion_and_branch.train()
    champion_and_branch.repo.commit("better")
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.root}", str(tmp_path / "clone"))
    answer = cli("review", "--base", "HEAD~1", folder=tmp_path / "clone")
    assert answer.code == 3
    found = parse_review((tmp_path / "clone" / "review.json").read_bytes())
    assert "no such revision" in found.failures[0].message
    assert "fetch-depth: 0" in found.failures[0].message
