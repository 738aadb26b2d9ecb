"""What is said of runs of the pipeline."""

from __future__ import annotations

from typing import Any

from gitops_mlops.domain.pipeline.run import PipelineRunReport, RemoteTraffic
from gitops_mlops.reports.rendering.problems import counted
from gitops_mlops.reports.rendering.terminal import printable, table


def repro_text(repro: PipelineRunReport) -> str:
    """The result of `repro`: a line for each stage that was due, then what it all came to."""
    rows = [
        [
            printable(run.name),
            run.outcome if run.outcome != "cached" else "from the run cache",
            f"{run.seconds:.1f} s",
        ]
        for run in repro.stages
    ]
    lines = [table(["stage", "", "time"], rows, right=[2])] if rows else []
    lines += [
        printable(f"{one.path}: {one.observed_digest or 'nothing'} instead of {one.recorded_digest}")
        for one in repro.differences
    ]
    lines += [printable(f"changed: {path}") for path in repro.lock_files]
    return "\n".join([*lines, printable(_summary(repro))])


def repro_data(repro: PipelineRunReport) -> dict[str, Any]:
    """The same as JSON-ready data."""
    data: dict[str, Any] = repro.model_dump(mode="json", by_alias=True)
    return data


def _summary(repro: PipelineRunReport) -> str:
    skipped = f"{counted(len(repro.skipped), 'stage')} skipped" if repro.skipped else ""
    moved = [
        f"{word} {_traffic(one)}" for word, one in (("pulled", repro.pulled), ("pushed", repro.pushed)) if one.files
    ]
    match repro.outcome:
        case "failed":
            said = repro.reason
        case "differs":
            said = f"not reproducible: {counted(len(repro.differences), 'output')} came out different"
        case "reproduced":
            said = f"reproducible: {counted(len(repro.stages), 'stage')} ran again, every output came out the same"
        case "ran":
            ran = sum(run.outcome == "ran" for run in repro.stages)
            cached = len(repro.stages) - ran
            said = f"{counted(ran, 'stage')} ran" + (f", {cached} from the run cache" if cached else "")
        case "unchanged":
            said = "nothing changed"
    # Of a run that did not fail, the reason says what the file leaves out.
    rest = repro.reason if repro.outcome != "failed" else ""
    return ", ".join(filter(None, [said, skipped, *moved, rest]))


def _traffic(one: RemoteTraffic) -> str:
    size = "" if one.bytes is None else f" ({_size(one.bytes)})"
    return f"{counted(one.files, 'file')}{size}"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
