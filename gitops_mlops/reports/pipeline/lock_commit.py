"""The message of the commit that CI makes: which files, what ran for them, and the commit that they are of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable

from gitops_mlops.domain.pipeline.run import PipelineRunReport, StageRun
from gitops_mlops.reports.rendering.numbers import counted, fixed, size

TRAILER = "Dvc-Lock-Of"
_OURS = re.compile(rf"^{TRAILER}: ([0-9a-f]{{40,64}})$", re.MULTILINE)
_MOST_STAGES = 20


def commit_message(
    paths: Iterable[str], expected: str, run: PipelineRunReport | None, stages: Collection[str]
) -> str:
    """What is committed, and why. Nobody vouches for `run`: of its words only names of known `stages` are taken."""
    told = f"{_ran(run, stages)}\n\n" if run is not None and run.stages else ""
    return f"Update {_named(paths)}\n\n{told}{TRAILER}: {expected}\n"


def commits_named(message: str) -> list[str]:
    """The commits that a message of ours says it is of; none when it is not ours."""
    return _OURS.findall(message)


def run_summary(message: str) -> str:
    """What a message of ours says ran, "" when it does not."""
    parts = message.strip().split("\n\n")
    return " ".join(parts[1].split()) if len(parts) > 2 and commits_named(parts[-1]) else ""


def _ran(run: PipelineRunReport, stages: Collection[str]) -> str:
    """`Ran train (12 s) and evaluate (0.4 s), skipped 3 stages, pulled 1.2 MB: 14 s in all.`"""
    known = [one for one in run.stages if one.name in stages]
    more = [counted(len(run.stages) - _MOST_STAGES, "more stage")] if len(run.stages) > _MOST_STAGES else []
    ran = f"Ran {', '.join([*map(_stage, known[:_MOST_STAGES]), *more]) or counted(len(run.stages), 'stage')}"
    skipped = [f"skipped {counted(len(run.skipped), 'stage')}"] if run.skipped else []
    moved = [
        f"{verb} {size(traffic.bytes)}"
        for verb, traffic in (("pulled", run.pulled), ("pushed", run.pushed))
        if traffic.bytes
    ]
    return f"{', '.join([ran, *skipped, *moved])}; {fixed(run.seconds, 1)} s in all."


def _stage(run: StageRun) -> str:
    how = "from the run cache" if run.outcome == "cached" else f"{fixed(run.seconds, 1)} s"
    # A name may hold whatever YAML's keys may, and a line of it would be one of the message.
    return f"{' '.join(run.name.split())} ({how})"


def _named(paths: Iterable[str]) -> str:
    locks = sorted(path for path in paths if posixpath.basename(path) == "dvc.lock")
    return locks[0] if len(locks) == 1 else "dvc.lock files" if locks else "outputs of the pipeline"
