"""What a pull request's job found: `review.json`, schema 2.

As `report.json`, it is written by a job that may run a stranger's code and read by one that holds a token: every
text and list is bounded and nothing unknown is accepted. A review whose head is better than its parts is refused,
so that a reader who only looks at the verdict cannot be misled by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.document.bounded import DocumentPart, Text, Word
from gitops_mlops.domain.document.recorded import RecordedForm, read_recorded
from gitops_mlops.domain.errors import BUG, FileProblemLine
from gitops_mlops.domain.faults import Cause, fault_of
from gitops_mlops.domain.pipeline.run import PipelineRunReport

REVIEW_SCHEMA: Literal["gitops-mlops/review/2"] = "gitops-mlops/review/2"
MAX_REVIEW_BYTES = 1024 * 1024
REVIEW_FILE = "review.json"

Outcome = Literal["pass", "warn", "incomparable", "block", "outside", "evidence", "usage", "bug"]
Skipped = Literal["", "base", "champion", "removed"]
Count = Annotated[int, Field(ge=0, le=10**15)]
Seconds = Annotated[float, Field(ge=0, le=10**9)]

# From the best to the worst; the last are errors, of the kinds that exit codes tell apart.
OUTCOMES: tuple[Outcome, ...] = (
    "pass",
    "warn",
    "incomparable",
    "block",
    "outside",
    "evidence",
    "usage",
    "bug",
)
ERRORS = OUTCOMES[4:]
EXIT_CODES: dict[Outcome, int] = {
    "pass": 0,
    "warn": 0,
    "incomparable": 1,
    "block": 1,
    "outside": 4,
    "evidence": 3,
    "usage": 2,
    "bug": BUG,
}
_OF_CAUSE: dict[Cause, Outcome] = {
    Cause.VERSION: "block",
    Cause.PLACE: "outside",
    Cause.OUTSIDE: "outside",
    Cause.USAGE: "usage",
    Cause.EVIDENCE: "evidence",
    Cause.BUG: "bug",
}


class ReviewedCommits(DocumentPart):
    """What was reviewed: `head`, against `base`; `merge` is the trial merge of both where that was checked out.

    `branch` is the branch that the pull request goes to, `branch_commit` what the forge calls the commit of it: the
    report is for a pull request that has both still.
    """

    base: Word = ""
    head: Word = ""
    merge: Word = ""
    branch: Word = ""
    branch_commit: Word = ""


class FileProblem(DocumentPart):
    """Something wrong in a file that a person wrote; `line` and `column` count from 1, 0 is unknown."""

    path: Text
    line: Count = 0
    column: Count = 0
    where: Text = ""
    message: Text
    hint: Text = ""

    @classmethod
    def of(cls, problem: FileProblemLine) -> FileProblem:
        """A problem, as a file holds it."""
        texts = {key: getattr(problem, key) for key in ("path", "where", "message", "hint")}
        return cls(line=max(problem.line, 0), column=max(problem.column, 0), **texts)

    @property
    def problem(self) -> FileProblemLine:
        """As the rest of the program knows it."""
        return FileProblemLine(self.path, self.line, self.column, self.where, self.message, self.hint)


class StepFailure(DocumentPart):
    """A step that could not be done at all: its name, the kind of its error, and what was said."""

    step: Word
    outcome: Outcome
    message: Text


class BrokenRule(DocumentPart):
    """A rule of a contract that the data breaks in `rows` rows (None: of the table); `line` is the contract's."""

    column: Word
    check: Word
    message: Text
    rows: Count | None = None
    line: Count = 0


class ContractEdit(DocumentPart):
    """How the change edits a contract; `kind` as `contract diff` has it, "" when it is unknown."""

    kind: Word = ""
    column: Word = ""
    message: Text


class DatasetReview(DocumentPart):
    """A dataset against its contract. `rows` were read. `rules_broken` counts broken rules, `rules` has the first.

    `skipped` says what it is the same as, `message` why there is no answer.
    """

    name: Word
    path: Word
    contract: Word
    outcome: Outcome
    skipped: Skipped = ""
    message: Text = ""
    rows: Count | None = None
    rules_broken: Count = 0
    rules: tuple[BrokenRule, ...] = Field(default=(), max_length=50)
    edits: tuple[ContractEdit, ...] = Field(default=(), max_length=50)


class ModelReview(DocumentPart):
    """A model: its comparison with the champion, or in `message` why there is none."""

    name: Word
    outcome: Outcome
    skipped: Skipped = ""
    message: Text = ""
    report: Report | None = None

    @model_validator(mode="after")
    def _tells_what_its_report_tells(self) -> ModelReview:
        if self.report is not None and (self.report.verdict, self.report.model) != (self.outcome, self.name):
            raise ValueError("is not what its report says")
        return self


class LockReview(DocumentPart):
    """Whether every `dvc.lock` is up to date; `stale` stages would run again, for `problems`, until `fix` is run.

    `uncommitted` are the files that a run changed, where nobody but a person can commit them. `unchecked` are stages
    that could not be checked; `unchecked_stages` says what that comes to.
    """

    stale: tuple[Word, ...] = Field(default=(), max_length=200)
    problems: tuple[FileProblem, ...] = Field(default=(), max_length=100)
    fix: tuple[Text, ...] = Field(default=(), max_length=10)
    uncommitted: tuple[Word, ...] = Field(default=(), max_length=200)
    unchecked: tuple[Word, ...] = Field(default=(), max_length=200)
    unchecked_stages: Literal["warn", "block"] = "warn"

    @property
    def outcome(self) -> Outcome:
        """A model that is not the one of its recipe cannot be merged; a stage not checked is missing evidence."""
        if self.stale or self.uncommitted:
            return "block"
        if not self.unchecked:
            return "pass"
        return "warn" if self.unchecked_stages == "warn" else "evidence"


class TimedStep(DocumentPart):
    """A part of the work and its wall time."""

    name: Word
    seconds: Seconds


class PullRequestReport(DocumentPart):
    """The whole of it. `verdict` is the worst outcome of all parts; `shortened_parts` names what did not fit in.

    `training` is what the commit says ran for it, where CI made the commit.
    """

    schema_: Literal["gitops-mlops/review/2"] = Field(default=REVIEW_SCHEMA, alias="schema")
    verdict: Outcome
    commits: ReviewedCommits = Field(default_factory=ReviewedCommits)
    failures: tuple[StepFailure, ...] = Field(default=(), max_length=20)
    problems: tuple[FileProblem, ...] = Field(default=(), max_length=200)
    remarks: tuple[Text, ...] = Field(default=(), max_length=50)
    lock: LockReview | None = None
    pipeline: PipelineRunReport | None = None
    training: Text = ""
    datasets: tuple[DatasetReview, ...] = Field(default=(), max_length=200)
    models: tuple[ModelReview, ...] = Field(default=(), max_length=200)
    steps: tuple[TimedStep, ...] = Field(default=(), max_length=500)
    run: Count | None = None
    pull_request: Count | None = None
    shortened_parts: tuple[Word, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _has_the_worst_verdict(self) -> PullRequestReport:
        found = overall(self.failures, self.problems, self.lock, self.pipeline, self.datasets, self.models)
        if self.verdict != found:
            raise ValueError("the verdict is not the worst of the parts")
        return self

    @property
    def seconds(self) -> float:
        """Wall time of all steps."""
        return sum(step.seconds for step in self.steps)

    @property
    def annotations(self) -> list[FileProblemLine]:
        """Everything wrong that stands at a place in a file."""
        lock = self.lock.problems if self.lock else ()
        return [
            *(trouble.problem for trouble in (*self.problems, *lock)),
            *(_broken(dataset, rule) for dataset in self.datasets for rule in dataset.rules),
        ]


def _broken(dataset: DatasetReview, rule: BrokenRule) -> FileProblemLine:
    path, rows = dataset.contract.partition(":")[0], "" if rule.rows is None else f"{rule.rows:,} rows: "
    where = f"{dataset.name}: {rule.column or '(table)'} {rule.check}"
    return FileProblemLine(
        path, rule.line, 0, where, f"{rows}{rule.message}", f"gitops-mlops validate {dataset.name}"
    )


def overall(
    failures: Sequence[StepFailure],
    problems: Sequence[FileProblem],
    lock: LockReview | None,
    pipeline: PipelineRunReport | None,
    datasets: Sequence[DatasetReview],
    models: Sequence[ModelReview],
) -> Outcome:
    """The worst outcome of all parts; `pass` where there is none."""
    found: list[Outcome] = [*(one.outcome for one in failures), *(one.outcome for one in datasets)]
    found += [one.outcome for one in models]
    found += ["usage"] if problems else []
    found += [lock.outcome] if lock else []
    # What did not run, or gave something else when it ran again, is not what is merged.
    found += ["block"] if pipeline and pipeline.outcome in ("failed", "differs") else []
    return max(found, key=OUTCOMES.index, default="pass")


def outcome_of(error: BaseException) -> Outcome:
    """The outcome of a step that an error ended; it is our bug unless it is known for something else."""
    # What was loaded ended the program: it is no code of ours.
    return "outside" if isinstance(error, SystemExit) else _OF_CAUSE[fault_of(error).cause]


def parse_review(content: str | bytes, name: str = REVIEW_FILE) -> PullRequestReport:
    """A review out of JSON that nobody vouches for. Raises EvidenceMissing when it is not one."""
    form = RecordedForm(REVIEW_SCHEMA, MAX_REVIEW_BYTES, "run gitops-mlops review again")
    return read_recorded(content, PullRequestReport, form, name)
