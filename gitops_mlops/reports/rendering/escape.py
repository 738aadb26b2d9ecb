"""The one way in which text from outside gets into markdown and into HTML.

For HTML, entities are enough. For markdown they are not: GitHub acts upon far more than CommonMark. Mentions,
issue and commit references, bare addresses, emoji and formulas are found in the finished text, where a backslash
or an entity no longer protects. So words of which nothing can be made stay as they are, everything else goes into
a code span, and what cannot be seen is written out. Table cells need one thing more, which `row` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape as _entities
from itertools import groupby

from gitops_mlops.domain.shortening import shorten

_CATEGORIES_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
# Letters and symbols that are drawn as nothing, though Unicode does not count them as format characters.
_DRAWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKS_A_LETTER_MAY_CARRY = 3
# A table as wide as its longest word must not push the others off a phone.
_LONGEST_WORD = 60

# Words made of these have no meaning in any markdown ...
_INERT = re.compile(r"(?:[^\W_]|[.,;?!()'\"%/+=−–—…→≥≤±×·-])+:?")
# ... but for addresses and what begins one, commit hashes (seven digits are enough), GH-1, CVE-2026-1 and JIRA-1;
_ACTIVE = re.compile(
    r"www\.|(?:https?|ftp|mailto|xmpp)(?::|\Z)|[0-9a-f]{7}|ghsa-|\b[a-z][a-z0-9]*-[0-9]", re.IGNORECASE | re.ASCII
)
# a number may have as many decimals as it likes.
_DECIMAL = re.compile(r"\(?[-+−]?[0-9]{1,6}\.[0-9]+[.,;:)]*", re.ASCII)
_COMPARISONS = ("<", ">", "<=", ">=")
# What would make a list, a heading or a rule at the start of a line.
_STARTS_A_BLOCK = re.compile(r"[-+=]+|[0-9]+[.)]")
_FINDING = re.compile(r"<!-- gitops-mlops:finding:[A-Za-z0-9_./:%-]* -->", re.ASCII)


def visible(text: str) -> str:
    """The text in one line, with everything that cannot be seen, or moves what can be, written out."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAK.sub("⏎", text).replace("\t", "⇥")
    shown = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category == "Zs":
            shown.append(" ")
        elif category in _CATEGORIES_UNSEEN or character in _DRAWN_AS_NOTHING or _selects_variant(character):
            shown.append(f"‹U+{ord(character):04X}›")
        elif marks <= _MARKS_A_LETTER_MAY_CARRY:
            shown.append(character)
    return "".join(shown)


def _visible_start(text: str, limit: int) -> str:
    # What is written out only grows, but for a heap of marks: four times as many characters are enough to read.
    start = text if len(text) <= 4 * limit else f"{text[: 4 * limit]}…"
    return shorten(visible(start), limit)


def prose(text: str, limit: int = 400) -> str:
    """Text as a sentence: harmless words as they are, runs of others in code spans."""
    words = _visible_start(re.sub(r"\s", " ", text), limit).split()
    if not words:
        return "(empty)"
    words = [shorten(word, _LONGEST_WORD) for word in words]
    runs = groupby(enumerate(words), key=lambda item: _harmless(item[1], first=item[0] == 0))
    return " ".join(_run(harmless, [word for _, word in run]) for harmless, run in runs)


def code(text: str, limit: int = 60) -> str:
    """Text as a value: one code span whose fence is longer than every run of backticks in it."""
    content = _visible_start(text, limit)
    if not content.strip():
        return "(blank)" if text else "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    pad = " " if content[0] in "` " or content[-1] in "` " else ""
    span = f"{fence}{pad}{content}{pad}{fence}"
    # Right-to-left text would reorder the numbers that stand beside it; an isolate keeps it to itself.
    return f"\u2068{span}\u2069" if _runs_right_to_left(content) else span


def html(text: str) -> str:
    """Text as the content of an element or of a quoted attribute."""
    return _entities(visible(text))


def row(cells: Sequence[str]) -> str:
    """A row of a table out of finished cells.

    An escaped pipe is a pipe in code spans too; only where text has a backslash before it do parsers
    disagree on where the cell ends, so that there a broken bar stands for the pipe.
    """
    safe = (cell.replace("\\|", "\\¦").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(safe)} |"


REVIEW_MARKER = "<!-- gitops-mlops:review -->"


def marker(name: str, kind: str = "report") -> str:
    """The comment by which what we wrote is found again; different models or titles, different markers."""
    kept = re.sub(r"[^A-Za-z0-9_./:-]", lambda found: _percent(found[0]), name)
    # Two dashes could end the comment.
    return f"<!-- gitops-mlops:{kind}:{kept.replace('--', '-%2D').replace('--', '-%2D')} -->"


def marked_finding(body: str) -> str:
    """The marker of a finding in an issue's text, "" when there is none."""
    found = _FINDING.search(body)
    return found[0] if found else ""


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _harmless(word: str, first: bool) -> bool:
    if first and _STARTS_A_BLOCK.fullmatch(word):
        return False
    if word in _COMPARISONS:
        return not first
    if _DECIMAL.fullmatch(word):
        return True
    return _INERT.fullmatch(word) is not None and not _ACTIVE.search(word) and not _runs_right_to_left(word)


def _run(harmless: bool, words: list[str]) -> str:
    if not harmless:
        text = " ".join(words)
        name = text.rstrip(".,;!?") or text
        return f"{code(name, limit=10_000)}{text[len(name) :]}"
    return " ".join(f"\\{word}" if word in _COMPARISONS else word for word in words)


def _runs_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)


def _selects_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
