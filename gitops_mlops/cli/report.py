"""`gitops-mlops report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import colour_wanted, pass_session
from gitops_mlops.cli.streams import write
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, EvidenceMissing
from gitops_mlops.domain.evaluation import MAX_REPORT_BYTES, Report, Verdict, dump_report, parse_report
from gitops_mlops.reports.comparison_terminal import comparison_text
from gitops_mlops.reports.markdown import report_markdown

EXIT_CODES: dict[Verdict, int] = {
    "pass": DONE,
    "warn": DONE,
    "block": VERDICT_AGAINST,
    "incomparable": VERDICT_AGAINST,
}


@click.command(epilog='Example: gitops-mlops report --format markdown >> "$GITHUB_STEP_SUMMARY"')
@click.argument("file", type=click.Path(path_type=Path), default=Path("report.json"))
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "terminal", "json"]),
    default="terminal",
    show_default=True,
    help="Markdown fits into one comment on GitHub.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@click.option(
    "--exit-code", is_flag=True, help="End with 1 when the verdict is block or incomparable, as compare does."
)
@pass_session
def report(session: Session, file: Path, form: str, as_json: bool, out: Path | None, exit_code: bool) -> int:
    """Render the result of compare: FILE is its report.json.

    Ends with 0 whatever the verdict, for a report that was rendered is a success, unless --exit-code is given.
    """
    content = bootstrap.read_file(session.folder / file, MAX_REPORT_BYTES)
    if content is None:
        raise EvidenceMissing("there is no such file", where=str(file), hint="run gitops-mlops compare first")
    result = parse_report(content, str(file))
    text = _RENDERERS["json" if as_json else form](result, out is None)
    if out is None:
        write(f"{text}\n")
    else:
        bootstrap.write_file(session.folder / out, f"{text}\n".encode())
    return EXIT_CODES[result.verdict] if exit_code else DONE


_RENDERERS: dict[str, Callable[[Report, bool], str]] = {
    "markdown": lambda result, _: report_markdown(result).rstrip("\n"),
    "json": lambda result, _: dump_report(result).decode().rstrip("\n"),
    "terminal": lambda result, on_screen: comparison_text(result, colour=on_screen and colour_wanted()),
}
