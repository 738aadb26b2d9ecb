"""`gitops-mlops compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.comparison.report import EXIT_CODES
from gitops_mlops.cli.options import colour_wanted, emit, json_option, load_config, mark, pass_session
from gitops_mlops.domain.comparison.arguments import parse_arguments
from gitops_mlops.domain.comparison.report import Report, dump_report
from gitops_mlops.domain.comparison.report_parts import Kind
from gitops_mlops.domain.errors import FileProblemLine, UsageError
from gitops_mlops.reports.comparison.headline import because, title
from gitops_mlops.reports.comparison.markdown import report_markdown
from gitops_mlops.reports.comparison.terminal import comparison_text


@click.command(epilog="Example: gitops-mlops compare delay --config-from origin/main --out report.json")
@click.argument("words", nargs=-1, metavar="[MODEL] [OLD NEW]")
@click.option("--champion", metavar="REV", help="A version or revision to compare with, instead of the stage's.")
@click.option("--config-from", metavar="REV", help="Read gates and trusted types from this revision, in CI the base.")
@click.option("--kind", type=click.Choice(get_args(Kind)), default="local", show_default=True, help="Who asks.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("report.json"),
    show_default=True,
    help="The result's file.",
)
@json_option
@pass_session
def compare(
    session: Session,
    words: tuple[str, ...],
    champion: str | None,
    config_from: str | None,
    kind: Kind,
    out: Path,
    as_json: bool,
) -> int:
    """Compare the working tree's MODEL with the champion on the same rows, or NEW with OLD.

    OLD and NEW are versions (v1.2.3), MODEL#stage or git revisions; the rows are those of NEW.
    The champion is the version assigned to the stage that evaluation.champion names (production by default).
    Ends with 0 when the verdict is pass or warn, with 1 when it is block or incomparable.
    """
    # NumPy, polars and scikit-learn: --help does without them.
    from gitops_mlops.usecases.comparison.compare import compare as run_comparison
    from gitops_mlops.usecases.comparison.settings import ComparisonRequest

    sides = parse_arguments(words)
    if champion and sides.champion:
        raise UsageError("--champion and OLD are the same thing", hint="give one of them")
    repository = bootstrap.repository(session.folder)
    request = ComparisonRequest(
        sides.model, sides.champion or champion, sides.challenger, config_from, kind, bootstrap.comparison_packages()
    )
    head = load_config(bootstrap.files(repository.root))
    report = run_comparison(request, head, bootstrap.comparison_ports(repository))
    content = dump_report(report)
    bootstrap.write_file(session.folder / out, content)
    code = EXIT_CODES[report.verdict]
    if code:
        mark(
            [
                FileProblemLine(
                    "",
                    0,
                    0,
                    f"compare: {report.verdict}",
                    " ".join([f"{title(report, str)}.", *because(report, str)]),
                )
            ]
        )
    emit(report, as_json, _text, lambda _: json.loads(content), report_markdown)
    return code


def _text(report: Report) -> str:
    return comparison_text(report, colour_wanted())
