"""GitHub's reading of markdown as far as it can be done here: a GFM parser, and what acts on the finished text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

OURS = re.compile(
    r"<!-- gitops-mlops:(?:review|(?:report|comment):(?:(?!--)[A-Za-z0-9_./:%-])*) -->\n?"
    r"|<details><summary>[\w ⚠️✅⛔❔❌,:.×−-]*</summary>\n?|</details>\n?"
)
# The address that tests render reports with, and what may be linked there.
WEB = "https://git.example/octo/flights"
LINKS = re.compile(
    re.escape(WEB) + r"/(?:commit/[0-9a-f]{40}|compare/[0-9a-f]{40}\.\.\.[0-9a-f]{40}|actions/runs/[0-9]+)"
)
# What GitHub looks for in text outside of code, after markdown was read.
ACTS = {
    "mention": re.compile(r"@\w"),
    "issue": re.compile(r"#\d|\bgh-\d", re.IGNORECASE),
    # Decimals are no hash that anybody would have to fear.
    "commit": re.compile(r"(?<![0-9a-f])(?<![0-9]\.)[0-9a-f]{7,40}|[0-9]\.[0-9]*[a-f][0-9a-f]{6}", re.IGNORECASE),
    "address": re.compile(r"https?:|ftp:|mailto:|xmpp:|www\.", re.IGNORECASE),
    "emoji": re.compile(r":[\w+-]+:"),
    "formula": re.compile(r"\$"),
    "entity": re.compile(r"&\w+;"),
    "html": re.compile(r"<[\w/!]"),
}


@dataclass
class Reading:
    """What a markdown text turned out to be."""

    html: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    tables: int = 0


def read(markdown: str) -> Reading:
    reading = Reading()
    tokens = _PARSER.parse(markdown)
    for before, token in zip([None, *tokens], tokens, strict=False):
        reading.kinds.add(token.type)
        reading.tables += token.type == "table_open"
        if token.type == "html_block":
            reading.html.append(token.content)
        elif token.type == "fence":
            assert token.info == "mermaid", token.info
            reading.charts.append(token.content)
        elif token.type == "inline":
            if before is not None and before.type == "heading_open":
                reading.headings.append(token.content)
            _inline(token.children or [], reading)
    return reading


def _inline(tokens: list[Token], reading: Reading) -> None:
    for token in tokens:
        reading.kinds.add(token.type)
        if token.type == "link_open":
            reading.links.append(str(token.attrGet("href")))
        elif token.type == "html_inline":
            reading.html.append(token.content)
        elif token.type == "code_inline":
            reading.code.append(token.content)
        elif token.type == "text":
            reading.plain.append(token.content)


def column_counts(line: str) -> set[int]:
    """How many cells a row has, for parsers that look one backslash back and for those that pair backslashes."""
    content = line.strip().removeprefix("|").removesuffix("|")
    one_back = len(re.findall(r"(?<!\\)\|", content))
    paired = len(re.findall(r"\|", re.sub(r"\\.", "", content)))
    return {one_back + 1, paired + 1}


def problems(markdown: str) -> list[str]:
    """Everything in a report that GitHub would act on, or show otherwise than meant."""
    reading = read(markdown)
    found = [f"HTML: {html!r}" for html in reading.html if not OURS.fullmatch(html)]
    found += [f"{what}: {text!r}" for text in reading.plain for what, acts in ACTS.items() if acts.search(text)]
    found += [f"{kind}" for kind in reading.kinds & {"image", "hr", "code_block", "ordered_list_open"}]
    found += [f"link: {address}" for address in reading.links if not LINKS.fullmatch(address)]
    found += [f"invisible: U+{ord(c):04X}" for c in set(markdown) if _invisible(c)]
    lines = markdown.split("\n")
    blocks = [block for block in re.split(r"\n(?!\|)", markdown) if "\n| ---" in block]
    for block in blocks:
        rows = [line for line in block.split("\n") if line.startswith("|")]
        if len(set().union(*map(column_counts, rows))) != 1:
            found.append(f"columns: {rows}")
    if reading.tables != sum(re.fullmatch(r"\|(?: --- \|)+", line) is not None for line in lines):
        found.append("a table that is none")
    return found


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in "\n\u2068\u2069"
