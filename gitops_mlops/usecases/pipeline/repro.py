"""Run the pipeline: only what changed, or everything again to see whether it comes out the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gitops_mlops.domain.document.yaml import parse_yaml
from gitops_mlops.domain.errors import ConfigError, MlopsError
from gitops_mlops.domain.pipeline.lock_report import LockReport
from gitops_mlops.domain.pipeline.lock_text import LOCK_FOLDER
from gitops_mlops.domain.pipeline.run import (
    MAX_STAGES,
    REPRO_FILE,
    Outcome,
    OutputDifference,
    PipelineRunReport,
    RemoteTraffic,
    dump_repro,
    import_hint,
)
from gitops_mlops.domain.pipeline.stages import locked
from gitops_mlops.domain.ports import Files, Pipeline, PipelineRun, Repository, Timer, Tree
from gitops_mlops.domain.review.job import JobContext
from gitops_mlops.domain.shortening import TEXT, WORD, left_out, shorten
from gitops_mlops.log import Logger
from gitops_mlops.usecases.pipeline.lock_status import lock_step

_LOG = Logger(__name__)

_DIGEST = "md5"


@dataclass(frozen=True)
class PipelineCheckout:
    """A commit's files where the pipeline runs. `tree` looks afresh each time.

    `alone` says that there is no DVC remote: what is not here is nowhere, and has to be made.
    """

    commit: str
    tree: Callable[[], Tree]
    files: Files
    pipeline: Pipeline
    alone: bool = False


class ReproRequest(NamedTuple):
    """Which stages (all where none is named), and what else is to be done with what ran.

    With `allow_missing` the outputs of stages that did not change may stay on the remote.
    """

    targets: Sequence[str] = ()
    push: bool = False
    run_cache: bool = True
    allow_missing: bool = False


def checkout_branch_head(repository: Repository, job: JobContext) -> bool:
    """Leave GitHub's trial merge for the branch's own commit; whether that had to be done.

    What is committed to a branch has to be computed from it, and not from what main would make of it.
    """
    if not job.merge or repository.head() != job.merge:
        return False
    repository.checkout_detached(repository.resolve("HEAD^2"))
    return True


def reproduce(
    checkout: PipelineCheckout, wanted: ReproRequest, timer: Timer, say: Callable[[str], None]
) -> PipelineRunReport:
    """Run what changed, and keep what belongs into git for whoever may commit it.

    DVC is not started when nothing changed, no data is here that could have, and no output is wanted here. The
    result is written to `REPRO_FILE` also when the run fails. Raises ConfigError when the pipeline cannot be read,
    and what stopped DVC, except for a stage that failed.
    """
    begun = timer.seconds()
    report = _readable(checkout.tree())
    before = _committed(checkout.tree(), report)
    after, run = (
        before,
        PipelineRun((), tuple(judged.address for judged in report.stages), RemoteTraffic(), RemoteTraffic()),
    )
    _LOG.info("of %d stages %d changed by what is in git", len(report.stages), len(report.changed))
    if checkout.alone or not report.settled or _has_data_to_check(checkout.tree(), report, wanted.allow_missing):
        run = checkout.pipeline.run(
            wanted.targets,
            say,
            push=wanted.push,
            run_cache=wanted.run_cache,
            allow_missing=wanted.allow_missing,
        )
        after = _committed(checkout.tree(), _readable(checkout.tree()))
    for path, content in after.items():
        checkout.files.write(f"{LOCK_FOLDER}/{path}", content)
    changed = sorted(path for path in after.keys() | before.keys() if after.get(path) != before.get(path))
    made = _record(checkout.commit, _outcome(run), timer.seconds() - begun, run, changed)
    # Beside what belongs into git, so that whoever commits it can say what ran.
    checkout.files.write(f"{LOCK_FOLDER}/{REPRO_FILE}", dump_repro(made))
    return _kept(checkout.files, made, run.error)


def rerun(scratch: PipelineCheckout, files: Files, timer: Timer, say: Callable[[str], None]) -> PipelineRunReport:
    """Run everything again in a scratch checkout, without the run cache; name each output that is another one.

    The result is written below `files`. Raises ConfigError when `dvc.lock` is out of date, for then there is nothing
    to be held against.
    """
    begun = timer.seconds()
    report = lock_step(scratch.tree())
    if report.problems:
        raise ConfigError(report.problems)
    recorded = dict(_outputs(scratch.tree(), report))
    run = scratch.pipeline.run((), say, run_cache=False, rerun=True)
    got = dict(_outputs(scratch.tree(), report))
    differences = [
        OutputDifference(stage=key[0], path=key[1], recorded_digest=digest, observed_digest=got.get(key, ""))
        for key, digest in recorded.items()
        if got.get(key, "") != digest and not run.failed
    ]
    outcome: Outcome = "failed" if run.failed or run.error else "differs" if differences else "reproduced"
    made = _record(scratch.commit, outcome, timer.seconds() - begun, run, [], differences)
    return _kept(files, made, run.error)


def _readable(tree: Tree) -> LockReport:
    report = lock_step(tree)
    if report.unreadable:
        raise ConfigError(report.unreadable)
    return report


def _has_data_to_check(tree: Tree, report: LockReport, allow_missing: bool) -> bool:
    """Whether data is here that somebody may have changed, or an output is absent that is wanted here."""
    if any(tree.exists(place) for place in report.data):
        return True
    return not allow_missing and any(
        not tree.exists(place) for judged in report.stages for place in judged.stage.writes()
    )


def _outcome(run: PipelineRun) -> Outcome:
    if run.failed or run.error:
        return "failed"
    return "ran" if run.stages else "unchanged"


def _reason(run: PipelineRun) -> str:
    if run.failed:
        hint = shorten(import_hint(run.tail), WORD)
        return shorten(run.failed, TEXT - len(hint)) + hint
    return str(run.error) if run.error else ""


def _record(
    commit: str,
    outcome: Outcome,
    seconds: float,
    run: PipelineRun,
    files: list[str],
    differences: Sequence[OutputDifference] = (),
) -> PipelineRunReport:
    reasons = [
        *filter(None, [_reason(run)]),
        *left_out(len(run.stages), MAX_STAGES, "stages that were due"),
        *left_out(len(run.skipped), MAX_STAGES, "stages that were skipped"),
        *left_out(len(files), MAX_STAGES, "files that changed"),
        *left_out(len(differences), MAX_STAGES, "outputs that came out different"),
    ]
    return PipelineRunReport(
        commit=commit,
        outcome=outcome,
        seconds=round(seconds, 3),
        stages=list(run.stages[:MAX_STAGES]),
        skipped=list(run.skipped[:MAX_STAGES]),
        pulled=run.pulled,
        pushed=run.pushed,
        lock_files=files[:MAX_STAGES],
        reason="; ".join(reasons),
        log_tail=list(run.tail),
        differences=list(differences[:MAX_STAGES]),
    )


def _kept(files: Files, made: PipelineRunReport, error: MlopsError | None) -> PipelineRunReport:
    files.write(REPRO_FILE, dump_repro(made))
    if error is not None:
        raise error
    return made


def _committed(tree: Tree, report: LockReport) -> Mapping[str, bytes]:
    """The files of git that a run may write: every `dvc.lock`, and the outputs with `cache: false`."""
    places = {judged.lock for judged in report.stages}
    places |= {place for judged in report.stages for place in judged.stage.keeps()}
    found = {}
    for place in sorted(places):
        for path in [place, *tree.below(place)]:
            if (content := tree.read(path)) is not None:
                found[path] = content
    return found


def _outputs(tree: Tree, report: LockReport) -> Iterator[tuple[tuple[str, str], str]]:
    """The recorded digest of every output, by stage and path."""
    known = {}
    for judged in report.stages:
        if judged.lock not in known:
            known[judged.lock] = locked(parse_yaml(tree.read(judged.lock) or b"", judged.lock, anchors=True).data)
        if entry := known[judged.lock].get(judged.stage.name):
            for path, item in entry.outs.items():
                yield (judged.address, judged.stage.place(path) or path), str(item.get(_DIGEST, ""))
