"""`gitops-mlops report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import colour_wanted, pass_session
from gitops_mlops.cli.streams import write
from gitops_mlops.domain.comparison.report import MAX_REPORT_BYTES, Report, dump_report, parse_report
from gitops_mlops.domain.comparison.report_parts import Verdict
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, MissingEvidence, UsageError
from gitops_mlops.reports.comparison.html import report_html
from gitops_mlops.reports.comparison.markdown import report_markdown
from gitops_mlops.reports.comparison.terminal import comparison_text
from gitops_mlops.reports.rendering.links import is_address

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
    type=click.Choice(["markdown", "html", "terminal", "json"]),
    default="terminal",
    show_default=True,
    help="Markdown fits into one comment on GitHub; HTML is one page with plots that needs no network.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@click.option(
    "--web",
    default="",
    metavar="ADDRESS",
    help="The repository on the web, such as https://github.com/owner/name: commits are linked there.",
)
@click.option(
    "--exit-code", is_flag=True, help="End with 1 when the verdict is block or incomparable, as compare does."
)
@pass_session
def report(
    session: Session, file: Path, form: str, as_json: bool, out: Path | None, web: str, exit_code: bool
) -> int:
    """Render the result of compare: FILE is its report.json.

    Ends with 0 for every verdict, as rendering the report succeeded, unless --exit-code is given.
    """
    web = web.rstrip("/")
    if web and not is_address(web):
        raise UsageError("not the address of a repository", where=f"--web {web}", hint="https://host/owner/name")
    content = bootstrap.read_file(session.folder / file, MAX_REPORT_BYTES)
    if content is None:
        raise MissingEvidence("there is no such file", where=str(file), hint="run gitops-mlops compare first")
    result = parse_report(content, str(file))
    render = _RENDERERS["json" if as_json else form]
    text = render(result, ReportLinks(web, colour=out is None and colour_wanted()))
    if out is None:
        write(text)
    else:
        bootstrap.write_file(session.folder / out, text.encode())
    return EXIT_CODES[result.verdict] if exit_code else DONE


class ReportLinks(NamedTuple):
    """What a report does not say itself: where it is read."""

    web: str
    colour: bool


_RENDERERS: dict[str, Callable[[Report, ReportLinks], str]] = {
    "markdown": lambda result, around: report_markdown(result, web=around.web),
    "html": lambda result, around: report_html(result, around.web),
    "json": lambda result, _: dump_report(result).decode(),
    "terminal": lambda result, around: comparison_text(result, around.colour) + "\n",
}
