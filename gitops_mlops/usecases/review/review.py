"""All that a pull request is asked, in one go: its set-up, its lock, its data and its models, and what that cost."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.errors import ConfigError, FileProblemLine, MissingEvidence, MlopsError, UsageError
from gitops_mlops.domain.names import suggest
from gitops_mlops.domain.pipeline.run import REPRO_FILE, PipelineRunReport, parse_repro
from gitops_mlops.domain.ports import DataStore, Files, RemoteOutputs, Repository, TableModels, Tables, Timer, Tree
from gitops_mlops.domain.review.job import JobContext
from gitops_mlops.domain.review.review import (
    OUTCOMES,
    DatasetReview,
    FileProblem,
    LockReview,
    ModelReview,
    Outcome,
    PullRequestReport,
    ReviewedCommits,
    StepFailure,
    TimedStep,
    outcome_of,
    overall,
)
from gitops_mlops.domain.shortening import FEW, first_of, first_texts, left_out
from gitops_mlops.log import Logger
from gitops_mlops.reports.pipeline.lock_commit import run_summary
from gitops_mlops.usecases.config.check import check
from gitops_mlops.usecases.pipeline.lock_check import check_lock
from gitops_mlops.usecases.pipeline.lock_status import REPRO
from gitops_mlops.usecases.review.base import BaseState, commits_of
from gitops_mlops.usecases.review.data import DataReviewer
from gitops_mlops.usecases.review.models import ModelReviewer

_LOG = Logger(__name__)

if TYPE_CHECKING:
    from gitops_mlops.usecases.comparison.compare import ComparisonPorts

T = TypeVar("T")
_MOST, _MOST_STALE, _MOST_COMMANDS = 200, 100, 10
_MOST_FAILURES, _MOST_STEPS, _MOST_REMARKS = 20, 500, 50
# To the commit of a merge queue nothing can be added: CI runs what changed at the branch.
_UPDATE = ["gh", "pr", "update-branch"]


@dataclass(frozen=True)
class ReviewPorts:
    """What a review reads and runs; what is heavy to make is made when it is needed."""

    repository: Repository
    store: DataStore
    files: Files
    tree: Tree
    timer: Timer
    remote: Callable[[], RemoteOutputs | None]
    tables: Callable[[], tuple[Tables, TableModels]]
    comparison: Callable[[], ComparisonPorts]


@dataclass(frozen=True)
class ReviewRequest:
    """What is wanted: some models or all, the base or the usual one, where we run and with which packages."""

    models: Sequence[str] = ()
    base: str | None = None
    job: JobContext = field(default_factory=JobContext)
    environment: Mapping[str, str] = field(default_factory=dict)


def review(asked: ReviewRequest, ports: ReviewPorts, progress: Callable[[str], None]) -> PullRequestReport:
    """Whatever fails is part of the result, so that there always is one."""
    draft = _ReviewDraft(ports.timer, progress)
    with draft.step("setup"):
        draft.commits = commits_of(asked.base, asked.job, ports.repository)
    with draft.step("check"):
        _check(draft, ports)
    with draft.step("pipeline"):
        draft.pipeline = _pipeline(ports.files)
        if draft.commits.head:
            draft.trained = run_summary(ports.repository.message(draft.commits.head))
    head = _config(ports.files)
    _LOG.info("a review of %s against %s", draft.commits.head or "the working tree", draft.commits.base or "no base")
    with draft.step("dvc.lock"):
        draft.lock = _lock(draft, ports.tree, head, asked.job)
    if head is not None and draft.commits.base:
        base = None
        with draft.step("base"):
            base = BaseState.at(draft.commits.base, ports.repository, ports.store)
        if base is not None:
            with draft.step("DVC remote"):
                _demand_pushed(head, base, draft, asked.job, ports)
            with draft.step("data"):
                _data(draft, head, base, ports)
            with draft.step("models"):
                _models(draft, head, base, asked, ports)
    return draft.finished(asked.job)


def _check(draft: _ReviewDraft, ports: ReviewPorts) -> None:
    found = check(ports.tree, ports.store, pipeline=False)
    draft.problems += found.problems
    draft.remarks += found.remarks


def _lock(draft: _ReviewDraft, tree: Tree, head: Config | None, job: JobContext) -> LockReview:
    state = check_lock(tree, unless_said="warn")
    report = state.report
    in_ci = head is not None and head.training == "ci" and job.run is not None
    left = draft.pipeline.lock_files if draft.pipeline and in_ci and job.fork else []
    mend = _by_hand(job, left) if left else [_UPDATE] if in_ci and job.queued and report.changed else state.fix
    stale = [problem for problem in report.problems if problem.hint == REPRO]
    draft.problems += [problem for problem in report.problems if problem.hint != REPRO]
    draft.remarks += [
        *report.remarks,
        *left_out(len(stale), _MOST_STALE, "problems of dvc.lock"),
        *left_out(len(report.changed), _MOST, "stages that changed"),
        *left_out(len(left), _MOST, "files that are not committed"),
        *left_out(len(report.unchecked), _MOST, "stages that were not checked"),
        *left_out(len(mend), _MOST_COMMANDS, "commands to run"),
    ]
    return LockReview(
        stale=tuple(sorted(report.changed)[:_MOST]),
        problems=tuple(FileProblem.of(problem) for problem in stale[:_MOST_STALE]),
        fix=tuple(shlex.join(words) for words in mend[:_MOST_COMMANDS]),
        uncommitted=tuple(left[:_MOST]),
        unchecked=tuple(sorted(report.unchecked)[:_MOST]),
        unchecked_stages=state.unchecked_stages,
    )


def _by_hand(job: JobContext, files: Sequence[str]) -> list[list[str]]:
    """What a maintainer runs for a fork, whose runs may neither push nor commit."""
    return [
        ["gh", "pr", "checkout", str(job.pull_request)],
        ["gitops-mlops", "repro", "--push"],
        ["git", "add", "--", *files],
        ["git", "commit", "--message", "Update dvc.lock"],
        ["git", "push"],
    ]


def _pipeline(files: Files) -> PipelineRunReport | None:
    """What `repro` did before, when it did."""
    content = files.read(REPRO_FILE)
    return None if content is None else parse_repro(content)


def _config(files: Files) -> Config | None:
    """The working tree's configuration; None, for `check` has said why, when there is none that can be read."""
    try:
        content = files.read(CONFIG_FILE)
        return None if content is None else parse_config(content)
    except MlopsError:
        return None


def _demand_pushed(head: Config, base: BaseState, draft: _ReviewDraft, job: JobContext, ports: ReviewPorts) -> None:
    """Ask the remote for what an author changed, before it is merged: only the author has it."""
    made_here = draft.pipeline is not None and draft.pipeline.lock_changed
    if head.training == "ci" or job.run is None or made_here or (draft.lock and draft.lock.stale):
        return
    then = {path: output.md5 for path, output in base.outputs.items()}
    changed = [path for path, output in ports.store.outputs().items() if output.md5 != then.get(path)]
    remote = ports.remote() if changed else None
    if remote and (missing := [output.path for output in remote.missing(changed)]):
        raise MissingEvidence(f"does not have {first_of(missing, FEW)}", hint="ask its author to run dvc push")


def _data(draft: _ReviewDraft, head: Config, base: BaseState, ports: ReviewPorts) -> None:
    reviewer = DataReviewer(head, base, ports.repository, ports.store, ports.files, ports.tree, ports.tables)
    for name in reviewer.names():
        with draft.step(f"data {name}"):
            draft.datasets.append(reviewer.review(name))


def _models(draft: _ReviewDraft, head: Config, base: BaseState, asked: ReviewRequest, ports: ReviewPorts) -> None:
    reviewer = ModelReviewer(head, base, ports.repository, ports.store, ports.comparison, asked.environment)
    names = reviewer.names()
    for wanted in asked.models:
        if wanted not in names:
            raise UsageError(f"it has no model {wanted!r}", where=CONFIG_FILE, hint=suggest(wanted, names))
    for name in dict.fromkeys(asked.models) or names:
        with draft.step(f"model {name}"):
            draft.models.append(reviewer.review(name))


class _ReviewDraft:
    """What is known so far."""

    def __init__(self, timer: Timer, progress: Callable[[str], None]) -> None:
        self.commits = ReviewedCommits()
        self.lock: LockReview | None = None
        self.pipeline: PipelineRunReport | None = None
        self.trained = ""
        self.problems: list[FileProblemLine] = []
        self.remarks: list[str] = []
        self.datasets: list[DatasetReview] = []
        self.models: list[ModelReview] = []
        self._failures: list[StepFailure] = []
        self._steps: list[TimedStep] = []
        self._timer = timer
        self._progress = progress

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; what ends it is a failure of its own and lets the others go on."""
        self._progress(name)
        before, inner = self._timer.seconds(), len(self._steps)
        try:
            yield
        except ConfigError as error:
            self.problems += error.problems
        except MlopsError as error:
            self._fail(name, outcome_of(error), str(error))
        except (Exception, SystemExit) as error:
            # Other models are to be compared all the same.
            told = f"{type(error).__name__}: {error}"
            outcome = outcome_of(error)
            bug = "this is a bug in gitops-mlops → report it: " if outcome == "bug" else ""
            self._fail(name, outcome, f"{bug}{told}")
        seconds = self._timer.seconds() - before - sum(step.seconds for step in self._steps[inner:])
        self._steps.append(TimedStep(name=name, seconds=round(max(seconds, 0.0), 3)))

    def _fail(self, step: str, outcome: Outcome, told: str) -> None:
        self._failures.append(StepFailure(step=step, outcome=outcome, message=told))

    def _left_out(self) -> list[str]:
        return [
            *left_out(len(self._failures), _MOST_FAILURES, "steps that failed"),
            *left_out(len(set(self.problems)), _MOST, "problems"),
            *left_out(len(self.datasets), _MOST, "datasets"),
            *left_out(len(self.models), _MOST, "models"),
            *left_out(len(self._steps), _MOST_STEPS, "steps"),
        ]

    def finished(self, job: JobContext) -> PullRequestReport:
        """The review, whose verdict is the worst of everything; where it must be cut, the worst stays."""
        failures = self._failures[:_MOST_FAILURES]
        problems = [FileProblem.of(problem) for problem in sorted(set(self.problems))[:_MOST]]
        datasets, models = _worst_first(self.datasets)[:_MOST], _worst_first(self.models)[:_MOST]
        return PullRequestReport(
            verdict=overall(failures, problems, self.lock, self.pipeline, datasets, models),
            commits=self.commits,
            failures=tuple(failures),
            problems=tuple(problems),
            remarks=first_texts([*self._left_out(), *self.remarks], _MOST_REMARKS),
            lock=self.lock,
            pipeline=self.pipeline,
            training=self.trained,
            datasets=tuple(datasets),
            models=tuple(models),
            steps=tuple(self._steps[:_MOST_STEPS]),
            run=job.run,
            pull_request=job.pull_request,
        )


R = TypeVar("R", DatasetReview, ModelReview)


def _worst_first(found: list[R]) -> list[R]:
    return sorted(found, key=lambda one: -OUTCOMES.index(one.outcome))
