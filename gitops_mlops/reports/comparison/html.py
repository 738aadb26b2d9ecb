"""The report as one HTML page that needs nothing else: no script, no font, no picture, no request.

It holds for GitHub's comment (`markdown`) and the terminal (`terminal`) too: a section is one small
function, and a row in that renderer's one list.

* here: `HtmlSection(title, render)` in SECTIONS, where `render` takes the report and returns its body as Markup, or
  None when the report has nothing to say on it. Sections that are words and tables stand in `html_sections`, plots in
  `html_evidence`; what they are made of in `html_parts`. Everything is built with `markup.tag`, so that text is
  escaped without anybody thinking of it: `sentence` and `value` are for text from outside, a bare string is ours.
* in markdown: `MarkdownSection(name, render, sizes, rank)` in `markdown.SECTIONS`; `render` takes the report and a
  size too.
* a sentence and a table, for all three: a function from the report to a Panel in `panels.PANELS`.
* in the terminal: a function from the report to lines in `terminal.SECTIONS`.

A new field of the report is optional with a default (`domain/comparison/report.py`), so that older ones still read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from gitops_mlops.domain.comparison.report import SCHEMA, Report
from gitops_mlops.reports.comparison import html_evidence as plots
from gitops_mlops.reports.comparison import html_sections as words
from gitops_mlops.reports.comparison.headline import title
from gitops_mlops.reports.comparison.words import VERDICT_SYMBOLS
from gitops_mlops.reports.rendering.escape import visible
from gitops_mlops.reports.rendering.html_style import STYLE
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag


class HtmlSection(NamedTuple):
    """A part of the page. `render` gets the report and the repository's address, "" when it is not known."""

    title: str
    render: Callable[[Report, str], Markup | None]
    class_: str | None = None


SECTIONS = (
    HtmlSection("This change edits the gates", lambda report, _: words.gate_changes(report), "alert"),
    HtmlSection("Gates", lambda report, _: words.gates(report)),
    HtmlSection("Warnings", lambda report, _: words.warnings(report), "alert"),
    HtmlSection("Metrics", lambda report, _: plots.metrics(report)),
    HtmlSection("What changed", lambda report, _: words.changes(report)),
    HtmlSection("Slices", lambda report, _: plots.slices(report)),
    HtmlSection("Further checks", lambda report, _: words.panels(report)),
    HtmlSection("Curves", lambda report, _: plots.curves(report)),
    HtmlSection("Confusion matrix", lambda report, _: plots.confusion(report)),
    HtmlSection("What was compared", words.sides),
    HtmlSection("How to read this", lambda report, _: words.how_to_read(report)),
)


def report_html(report: Report, web: str = "") -> str:
    """The whole page. `web` is the repository's address (https://host/owner/name), to which commits are linked."""
    shown = [(section, body) for section in SECTIONS if (body := section.render(report, web)) is not None]
    named = [(f"part-{index}", section, body) for index, (section, body) in enumerate(shown, 1)]
    links = [tag("li", tag("a", section.title, href=f"#{name}")) for name, section, _ in named]
    main = tag(
        "main",
        words.headline(report),
        tag("nav", tag("ul", *links), aria_label="Sections"),
        *(_section(name, section, body) for name, section, body in named),
    )
    skip = tag("a", "Skip to the evidence", href="#part-1", class_="skip")
    body = tag("body", skip, main, tag("footer", *_footer(report)))
    return f"<!doctype html>\n{tag('html', _head(report), body, lang='en')}\n"


def _section(name: str, section: HtmlSection, body: Markup) -> Markup:
    heading = tag("h2", section.title, id=f"{name}-heading")
    return tag(
        "section", heading, body, id=name, class_=section.class_, tabindex="-1", aria_labelledby=f"{name}-heading"
    )


def _head(report: Report) -> Markup:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{VERDICT_SYMBOLS[report.verdict]} {title(report, visible)}"),
        tag("style", Markup(STYLE)),
    )


def _footer(report: Report) -> list[Markup]:
    return [tag("p", fragment(["Made by ", tag("code", "gitops-mlops report --format html"), f". Schema {SCHEMA}."]))]
