"""`gitops-mlops lineage` and `diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session, progress
from gitops_mlops.domain.errors import DONE, MissingEvidence

if TYPE_CHECKING:
    from gitops_mlops.domain.lineage.graph import VersionLineage
    from gitops_mlops.domain.lineage.question import VersionUses


@click.command(
    epilog="Example: gitops-mlops lineage data/raw/flights.csv.zip --live  (which live models saw this file?)"
)
@click.argument("target")
@click.option("--all", "every", is_flag=True, help="Of a path: include its former contents.")
@click.option("--live", is_flag=True, help="Only versions that a stage holds now.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--openlineage", is_flag=True, help="Print a version's pipeline as OpenLineage events, one a line.")
@json_option
@pass_session
def lineage(
    session: Session, /, target: str, every: bool, live: bool, mermaid: bool, openlineage: bool, as_json: bool
) -> int:
    """Show what a version comes from and what became of it, or which versions a file went into.

    TARGET is MODEL, MODEL@v1.2.3 or MODEL#stage: its pipeline back to the raw data, its
    comparison, its stages and deployments. Or it is a file, a DVC digest or a commit: every version that used it.

    Ends with 3 when something is unknown, after everything that is known.
    """
    from gitops_mlops.domain.lineage.question import VersionUses
    from gitops_mlops.reports.lineage.tree import lineage_data
    from gitops_mlops.usecases.lineage.lineage import lineage

    if mermaid + openlineage + as_json > 1:
        raise click.UsageError("choose one of --json, --mermaid and --openlineage")
    with bootstrap.lineage_sources(session.folder) as (sources, below):
        found = lineage(target, sources, every=every, live=live, folder=below)
    if openlineage and isinstance(found, VersionUses):
        raise click.UsageError("--openlineage prints a version's pipeline; name a version")
    emit(found, as_json, lambda told: _render(told, mermaid, openlineage), lineage_data)
    for gap in found.gaps:
        progress(f"missing: {gap}")
    return MissingEvidence.exit_code if found.gaps else DONE


def _render(found: VersionLineage | VersionUses, mermaid: bool, openlineage: bool) -> str:
    from gitops_mlops.domain.lineage.pipeline_events import pipeline_lines
    from gitops_mlops.domain.lineage.question import VersionUses
    from gitops_mlops.reports.lineage.flowchart import graph_flowchart, uses_flowchart
    from gitops_mlops.reports.lineage.tree import tree_text, uses_text

    if isinstance(found, VersionUses):
        return uses_flowchart(found) if mermaid else uses_text(found)
    if openlineage:
        return "\n".join(pipeline_lines(found.graph, found.version))
    return graph_flowchart(found.graph) if mermaid else tree_text(found)


@click.command(
    epilog="Example: gitops-mlops diff delay#production delay@v0.0.2  (or alone: champion to working tree)"
)
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--markdown", is_flag=True, help="Print markdown for a pull request.")
@json_option
@pass_session
def diff(session: Session, old: str | None, new: str | None, markdown: bool, as_json: bool) -> None:
    """Show what differs from OLD to NEW: model, metrics, parameters, data, code, gates, contracts, packages.

    Each is MODEL@v1.2.3, MODEL#stage, MODEL (its latest version) or a git revision. OLD is the champion
    that mlops.yaml names when it is left out, NEW the working tree.
    """
    from gitops_mlops.reports.lineage.version_diff import diff_data, diff_markdown, diff_text
    from gitops_mlops.usecases.lineage.diff import diff

    if markdown and as_json:
        raise click.UsageError("choose --markdown or --json")
    with bootstrap.diff_sources(session.folder) as sources:
        found = diff(old, new, sources)
    emit(found, as_json, diff_markdown if markdown else diff_text, diff_data, diff_markdown)
