"""`gitops-mlops comment` against the forge: one comment, and the trusted half of a fork's report under attack."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.review.review import MAX_REVIEW_BYTES, ModelReview, TimedStep
from tests.conftest import Answer, Cli, Repo
from tests.fakes.forge import TOKEN, Fault, Forge, lost, running
from tests.integration.hostile_uploads import BOMBS, review, zipped
from tests.unit.reports import github
from tests.unit.reports.corpus import hostile_report

GOLDEN = Path(__file__).parents[1] / "unit" / "reports" / "golden"
BOT = "github-actions[bot]"
WEB = "https://git.example/octo/demo"


@dataclass
class Place:
    """A repository at the forge with a pull request from a fork, and our command in a job there."""

    forge: Forge
    repo: Repo
    cli: Cli
    number: int = 0
    head: str = ""

    def push(self, branch: str, repository: str = "") -> str:
        self.repo.git("push", "--quiet", "--force", str(self.forge.folder(repository)), f"HEAD:refs/heads/{branch}")
        self.forge.sync()
        return self.repo.git("rev-parse", "HEAD").strip()

    def change(self, repository: str = "mallory/demo", branch: str = "change") -> str:
        self.repo.commit("a change", **{"note.md": f"{repository} {branch} {self.repo._ticks}"})
        return self.push(branch, repository)

    def branch(self, name: str) -> None:
        """A commit that main did not have, on a branch."""
        commit = self.repo.git("commit-tree", "HEAD~1^{tree}", "-p", "HEAD~1", "-m", name).strip()
        self.repo.git("push", "--quiet", str(self.forge.folder()), f"{commit}:refs/heads/{name}")
        self.forge.sync()

    def review(self, head: str, base: tuple[str, str] | None = None, **more: Any) -> bytes:
        """What a review of the pull request says, honestly but for `more`."""
        pull = self.forge.pull(self.number)
        return review(head, base or (pull.base_branch, pull.base), **{"pull_request": self.number, **more})

    def run(self, head: str = "", event: str = "pull_request", **more: Any) -> int:
        more = {"head_repository": "mallory/demo", "conclusion": "success", **more}
        return self.forge.add_run(event, ".github/workflows/ml.yml", head or self.head, "change", **more)

    def uploaded(self, content: bytes, **more: Any) -> int:
        """A run that uploaded this zip."""
        number = self.run(**more)
        self.forge.upload(number, "gitops-mlops-review", content)
        return number

    def __call__(self, *words: str, code: int = 0) -> Answer:
        answer = self.cli("comment", *words, folder=self.repo.root)
        assert answer.code == code, answer
        assert "Traceback" not in answer.err
        return answer

    def of_run(self, run: int, code: int = 0) -> Answer:
        return self("--run", str(run), code=code)

    @property
    def comments(self) -> list[str]:
        return [one.body for one in self.forge.pull(self.number).comments]

    @property
    def writes(self) -> list[str]:
        return [one for one in self.forge.requests if not one.startswith("GET ")]


@pytest.fixture
def place(repo: Repo, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with running() as forge:
        made = Place(forge, repo, cli)
        repo.commit("first", **{"README.md": "words"})
        made.push("main")
        forge.fork("mallory")
        made.head = made.change()
        made.number = forge.open_pull("change", by="mallory", head_repository="mallory/demo")
        for name, value in {
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_API_URL": forge.address,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_SERVER_URL": "https://git.example",
            "GITOPS_MLOPS_LOGIN": BOT,
        }.items():
            monkeypatch.setenv(name, value)
        yield made


# One comment


def test_a_comment_is_made_once_and_then_kept_up_to_date(place: Place) -> None:
    place.repo.write("review.json", review(place.head))
    number = str(place.number)
    assert place("--pull-request", number).out.startswith("created comment ")
    assert place("--pull-request", number).out.startswith("unchanged comment ")
    assert len(place.writes) == 1
    place.repo.write("review.json", review(place.head, run=4711))
    assert place("--pull-request", number, "--json").json["comments"][0]["done"] == "updated"
    assert place.comments == [place("--dry-run").out]
    assert f"({WEB}/actions/runs/4711)" in place.comments[0]


def test_the_seconds_that_a_run_took_are_no_news(place: Place) -> None:
    number = str(place.number)

    def taking(seconds: float, *remarks: str) -> bytes:
        return review(place.head, run=1, steps=(TimedStep(name="data", seconds=seconds),), remarks=remarks)

    place.repo.write("review.json", taking(3.5))
    place("--pull-request", number)
    place.repo.write("review.json", taking(70))
    assert place("--pull-request", number).out.startswith("unchanged")
    place.repo.write("review.json", taking(70, "Took 3 s. [The run](x) is over."))
    assert place("--pull-request", number).out.startswith("updated")
    assert "1 min 10 s" in place.comments[0]


def test_the_comment_of_somebody_else_is_left_alone_whatever_it_says(place: Place) -> None:
    place.forge.comment(place.number, "<!-- gitops-mlops:review -->\n## ✅ Passes", by="mallory")
    place.repo.write("review.json", review(place.head))
    place("--pull-request", str(place.number))
    assert [one.author for one in place.forge.pull(place.number).comments] == ["mallory", BOT]


def test_our_comment_is_found_below_hundreds_of_others(place: Place) -> None:
    place.repo.write("review.json", review(place.head))
    place("--pull-request", str(place.number))
    for i in range(250):
        place.forge.comment(place.number, f"comment {i}")
    place.forge.pull(place.number).comments.reverse()
    assert place("--pull-request", str(place.number)).out.startswith("unchanged")


def test_of_two_that_a_race_made_the_oldest_is_kept(place: Place) -> None:
    for i in range(2):
        place.forge.comment(place.number, f"<!-- gitops-mlops:review -->\nold {i}", by=BOT)
    place.repo.write("review.json", review(place.head))
    assert place("--pull-request", str(place.number)).out.startswith("updated")
    assert "Passes" in place.comments[0]
    assert "gitops-mlops:review" not in place.comments[1]
    before = len(place.writes)
    assert place("--pull-request", str(place.number)).out.startswith("unchanged")
    assert len(place.writes) == before


def test_a_lost_answer_makes_no_second_comment(place: Place) -> None:
    place.repo.write("review.json", review(place.head))
    place.forge.faults.append(lost())
    place("--pull-request", str(place.number))
    assert len(place.comments) == 1


def test_without_a_permission_it_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", place.forge.add_token(BOT, {"pull-requests": "read", "issues": "read"}))
    place.repo.write("review.json", review(place.head))
    assert "pull-requests: write" in place("--pull-request", str(place.number), code=4).err


def test_markdown_of_ones_own_has_a_comment_for_each_title(place: Place) -> None:
    place.repo.write("a.md", "# Mine, @ada\n")
    number = str(place.number)
    place("--markdown", "a.md", "--pull-request", number)
    place("--markdown", "a.md", "--title", "plots", "--pull-request", number)
    assert place("--markdown", "a.md", "--pull-request", number).out.startswith("unchanged")
    assert [one.partition("\n")[2] for one in place.comments] == ["# Mine, @ada\n"] * 2
    place.repo.write("a.md", "x" * 65_536)
    assert "65,536" in place("--markdown", "a.md", "--pull-request", number, code=2).err


def test_the_report_of_one_comparison_has_a_comment_of_its_own(place: Place) -> None:
    place.repo.write("report.json", (GOLDEN / "better.json").read_bytes())
    place.repo.write("review.json", review(place.head))
    for words in (["report.json"], ["review.json"], ["report.json"]):
        place(*words, "--pull-request", str(place.number))
    assert [one.split("\n")[0] for one in place.comments] == [
        "<!-- gitops-mlops:report:delay -->",
        "<!-- gitops-mlops:review -->",
    ]
    assert len(place.writes) == 2


def test_in_a_job_of_a_pull_request_its_number_is_known(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.repo.write("review.json", review(place.head))
    assert "--pull-request N" in place(code=2).err
    monkeypatch.setenv("GITHUB_REF", f"refs/pull/{place.number}/merge")
    place()
    assert len(place.comments) == 1


def test_without_a_forge_the_comment_is_printed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY")
    place.repo.write("review.json", review(place.head))
    assert place().out.startswith("<!-- gitops-mlops:review -->\n## ✅ Passes")
    assert "GITHUB_REPOSITORY" in place("--run", "1", code=2).err
    assert "review.json: there is no such file" in place("none/review.json", code=3).err
    assert "three different things" in place("review.json", "--run", "1", code=2).err


def test_what_is_neither_a_review_nor_a_report_is_refused(place: Place) -> None:
    for content in (b"", b"[]", b"{}", b'{"schema": "gitops-mlops/review/2"}', b"\xff", b"[" * 100_000):
        place.repo.write("review.json", content)
        assert place("--pull-request", str(place.number), code=3).err.count("\n") == 1
    assert place.writes == []


# The trusted half


def test_what_a_run_of_a_fork_uploaded_becomes_a_comment(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head, run=1)))
    place.of_run(run)
    assert "## ✅ Passes" in place.comments[0]
    assert f"({WEB}/actions/runs/{run})" in place.comments[0], "the run's own number, not the one it claims"
    # The same event twice, and a re-run.
    assert place.of_run(run).out.startswith("unchanged")
    assert len(place.writes) == 1


def test_a_push_later_the_same_comment_tells_of_the_new_head(place: Place) -> None:
    old = place.uploaded(zipped(place.review(place.head)))
    place.of_run(old)
    head = place.change()
    place.of_run(
        place.uploaded(
            zipped(place.review(head, problems=({"path": "mlops.yaml", "message": "x"},), verdict="usage")), head=head
        )
    )
    assert [one.split("\n")[1][:4] for one in place.comments] == ["## ❌"]
    # The old run's event is delivered again.
    assert "not the head of an open pull request any more" in place.of_run(old).err
    assert [one.split("\n")[1][:4] for one in place.comments] == ["## ❌"]


def test_dry_run_writes_nothing(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head)))
    assert "## ✅ Passes" in place("--run", str(run), "--dry-run").out
    assert place.writes == []


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "pull_request_target", "schedule"])
def test_a_run_of_another_event_has_nothing_to_say(place: Place, event: str) -> None:
    run = place.uploaded(zipped(place.review(place.head)), event=event)
    assert event in place.of_run(run).err
    assert place.writes == []


def test_a_run_that_goes_on_is_refused(place: Place) -> None:
    assert "is not over yet" in place.of_run(place.run(conclusion=None), code=2).err
    assert place.writes == []


def test_a_run_without_a_report_is_told_and_not_silent(place: Place) -> None:
    run = place.run(conclusion="failure")
    place.of_run(run)
    assert "The run ended (failure) without a report." in place.comments[0]
    assert f"({WEB}/actions/runs/{run})" in place.comments[0]
    assert github.problems(place.comments[0].replace(WEB, github.WEB)) == []


def test_a_run_that_waits_for_approval_is_no_news(place: Place) -> None:
    assert "approve" in place.of_run(place.run(conclusion="action_required")).err
    assert place.writes == []


def test_a_report_that_passes_of_a_run_that_failed_is_told_with_it(place: Place) -> None:
    place.of_run(place.uploaded(zipped(place.review(place.head)), conclusion="failure"))
    assert "The run itself ended (failure)" in place.comments[0]
    place.of_run(place.uploaded(zipped(place.review(place.head))))
    assert "The run itself" not in place.comments[0]


def test_an_expired_report_is_none(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head)))
    place.forge.expired |= {number for number, _, _ in place.forge.uploaded(run)}
    place.of_run(run)
    assert "without a report" in place.comments[0]


def test_another_pull_request_cannot_be_reached(place: Place) -> None:
    """Row 8: the number in the document, and a branch of the same name elsewhere, are somebody's claims."""
    place.forge.fork("victim", "octo/demo")
    victims = place.change("victim/demo")
    other = place.forge.open_pull("change", by="victim", head_repository="victim/demo")
    answer = place.of_run(place.uploaded(zipped(place.review(place.head, pull_request=other))))
    assert f"is for #{other} into main, which is not an open pull request of" in answer.err
    assert place.writes == []
    # A report that claims the head of somebody else.
    answer = place.of_run(place.uploaded(zipped(review(victims))), code=1)
    assert "another commit" in answer.err
    assert "it is of another commit than the run" in place.comments[0]
    assert place.forge.pull(other).comments == []


def test_a_run_of_a_commit_that_is_in_a_pull_request_from_elsewhere_is_left_alone(place: Place) -> None:
    place.forge.fork("other", "octo/demo")
    place.push("change", "other/demo")
    # The second has the same owner, and with it the same name of the branch.
    place.forge.create("mallory/second")
    place.push("change", "mallory/second")
    for elsewhere in ("other/demo", "mallory/second"):
        run = place.uploaded(zipped(place.review(place.head)), head_repository=elsewhere)
        assert "not the head of an open pull request" in place.of_run(run).err
    assert place.writes == []


def test_a_closed_pull_request_and_a_deleted_fork_get_nothing(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head)))
    gone = place.uploaded(zipped(place.review(place.head)), head_repository=None)
    assert "not the head" in place.of_run(gone).err
    place.forge.close(place.number)
    assert "not the head" in place.of_run(run).err
    assert place.writes == []


def test_of_two_pull_requests_of_one_head_only_the_one_that_is_named_is_told(place: Place) -> None:
    """Row 25: the same branch goes to main and to a lax one."""
    place.branch("lax")
    other = place.forge.open_pull("change", base="lax", by="mallory", head_repository="mallory/demo")
    lax = place.review(place.head, ("lax", place.forge.pull(other).base), pull_request=other)
    place.of_run(place.uploaded(zipped(lax)))
    assert place.comments == []
    assert len(place.forge.pull(other).comments) == 1
    # Neither no report nor a broken one tells which of the two it would have been for.
    for content, code in ((b"{}", 1), (place.review(place.head, pull_request=None), 0)):
        place.of_run(place.uploaded(zipped(content)), code=code)
    assert "the head of 2 pull requests" in place.of_run(place.run()).err
    # Once the other is closed, its report is of nothing.
    place.forge.close(other)
    assert "which is not an open pull request" in place.of_run(place.uploaded(zipped(lax))).err
    assert (place.comments, len(place.forge.pull(other).comments)) == ([], 1)


@pytest.mark.parametrize("claims", [{"base": ("lax", "")}, {"base": ("", "")}, {"base": ("main", "f" * 40)}])
def test_a_report_for_another_base_is_told_nowhere(place: Place, claims: dict[str, Any]) -> None:
    """Row 25: another branch, none, or another commit of it than the pull request has."""
    answer = place.of_run(place.uploaded(zipped(place.review(place.head, **claims))))
    assert "which is not an open pull request of" in answer.err
    assert place.writes == []


def test_a_report_of_before_a_pull_request_was_retargeted_is_told_nowhere(place: Place) -> None:
    """Row 25: between the run and the comment; when it comes back, main may be another commit."""
    run = place.uploaded(zipped(place.review(place.head)))
    place.branch("lax")
    place.forge.edit_pull(place.number, base="lax")
    assert "into main, which is not an open pull request" in place.of_run(run).err
    place.branch("main")
    place.forge.edit_pull(place.number, base="main")
    assert "into main, which is not an open pull request" in place.of_run(run).err
    assert place.writes == []
    place.of_run(place.uploaded(zipped(place.review(place.head))))
    assert len(place.comments) == 1


def test_main_may_go_on_between_the_run_and_the_comment(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head)))
    place.branch("main")
    place.of_run(run)
    assert len(place.comments) == 1


def test_a_hostile_report_makes_the_forge_do_nothing(place: Place) -> None:
    """Row 5."""
    for number in range(0, 60, 6):
        report = hostile_report(number)
        model = ModelReview(name=report.model, outcome=report.verdict, report=report)
        place.of_run(place.uploaded(zipped(place.review(place.head, verdict=report.verdict, models=(model,)))))
        assert github.problems(place.comments[0].replace(WEB, github.WEB)) == []
        assert len(place.comments[0]) <= 60_000


def test_a_verdict_better_than_its_parts_is_refused(place: Place) -> None:
    """Rows 6 and 9."""
    report = hostile_report(1).model_copy(update={"verdict": "block"})
    model = ModelReview(name=report.model, outcome="block", report=report)
    honest = place.review(place.head, verdict="block", models=(model,))
    for forged in (
        honest.replace(b'"verdict":"block"', b'"verdict":"pass"', 1),
        honest.replace(b'"outcome":"block"', b'"outcome":"pass"', 1),
    ):
        assert forged != honest
        place.of_run(place.uploaded(zipped(forged)), code=1)
        assert place.comments[0].split("\n")[1] == "## ❌ No report"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b'{"schema":"gitops-mlops/review/2","verdict":"pass","run":NaN}',
        b'{"schema":"gitops-mlops/review/2","verdict":"pass","steps":[{"name":"x","seconds":1e999}]}',
        b'{"schema":"gitops-mlops/review/2","verdict":"pass","<img src=x onerror=alert(1)> @org/team":1}',
        b'{"schema":"gitops-mlops/review/2","verdict":"pass"}',
        b"{" * 500_000,
    ],
    ids=["empty", "null", "nan", "infinity", "unknown key", "newer", "deep"],
)
def test_what_is_no_review_is_refused_in_our_own_words(place: Place, content: bytes) -> None:
    """Row 6."""
    answer = place.of_run(place.uploaded(zipped(content)), code=1)
    assert place.comments[0].split("\n")[1] == "## ❌ No report"
    assert github.problems(place.comments[0].replace(WEB, github.WEB)) == []
    assert "\x1b" not in answer.err


@pytest.mark.parametrize("name", BOMBS)
def test_a_zip_made_to_harm_is_refused_in_our_own_words(place: Place, name: str) -> None:
    """Row 7."""
    make, told = BOMBS[name]
    answer = place.of_run(place.uploaded(make(place.review(place.head))), code=1)
    assert told in answer.err
    assert place.comments[0].split("\n")[1] == "## ❌ No report"


def test_a_huge_artifact_is_not_even_fetched(place: Place) -> None:
    """Row 7."""
    noise = io.BytesIO()
    with zipfile.ZipFile(noise, "w") as archive:
        archive.writestr("review.json", bytes(2 * MAX_REVIEW_BYTES))
    answer = place.of_run(place.uploaded(noise.getvalue()), code=1)
    assert "bytes, more than" in answer.err
    assert not [one for one in place.forge.requests if one.endswith("/zip")]
    assert "## ❌ No report" in place.comments[0]


def test_a_faulty_forge_loses_no_report_silently(place: Place) -> None:
    run = place.uploaded(zipped(place.review(place.head)))
    for only in ("/actions/runs/", "/pulls", "/artifacts", "/comments"):
        place.forge.faults.append(Fault(status=404, body=b'{"message": "Not Found"}', only=only))
        assert place.of_run(run, code=4).err.count("\n") == 1
        assert place.comments == []
    place.of_run(run)
    assert len(place.comments) == 1


def test_nothing_of_the_run_is_written_to_disk(place: Place, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*.json"))
    place.of_run(place.uploaded(zipped(place.review(place.head))))
    assert sorted(tmp_path.rglob("*.json")) == before
