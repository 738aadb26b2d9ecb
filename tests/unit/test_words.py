"""Messages and pages use the field's terms, in short sentences; a phrase that the glossary retired stays away."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_mlops.domain.schemas import NAMES, json_schema

ROOT = Path(__file__).parents[2]
# The project's own pages, without the changelog's history and reports as a version wrote them.
PAGES = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "mlops.yaml")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "changes").glob("*.md")),
    *(
        path
        for folder in ("actions", "templates", ".github")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".md", ".yml", ".yaml", ".template")
    ),
]
SOURCES = [
    path for folder in ("gitops_mlops", "actions", "pipeline") for path in sorted((ROOT / folder).rglob("*.py"))
]
LONGEST_SENTENCE = 25

# A phrase, as an expression, and what says it better.
RETIRED = {
    r"(?:un)?told|tells?|telling": "reported, recorded, shown",
    r"asked(?! for\b)": "requested, queried",
    r"asks? of": "requires of",
    r"mend(?:s|ed|ing)?": "fix",
    r"(?:held|holds?|holding) back": "waiting",
    r"judged by (?!itself)": "evaluated on",
    r"demand(?:s|ed|ing)?": "require, requirement",
    r"beyond doubt": "significantly",
    r"(?:in|out of) step": "up to date, out of date",
    r"(?:is|are|was|were|cannot|could|to)(?: not)?(?: to)? be had": "is available",
    r"stands? (?:in|at|on|alone|among|there|twice|before|behind|between)": "is in, appears",
    r"(?<!there )(?<!here )(?:is|are|was|were) (?-i:no|none) (?!longer|more\b|less\b|such\b|other\b)": "is not a",
    r"let(?:s|ting)? (?:it |them |\w+ version |\w+ versions )?(?:in|enter)(?! (?:a|the)\b)": "accepted, rejected",
    r"honesty": "data checks",
    r"nothing (?:is|can be) known": "is unknown",
    r"whoever|whomever": "its author, who",
    r"anew": "again",
    r"of before": "earlier",
    r"beside": "next to, besides",
    r"cured?": "fixed",
    r"speaks? (?:for|against)": "is evidence",
}
PHRASES = re.compile(
    "|".join(rf"(?P<_{number}>\b(?:{phrase})\b)" for number, phrase in enumerate(RETIRED)), re.IGNORECASE
)


# Where a retired phrase has another meaning: file, the text around it, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string literal that reads as words; `X` is what an f-string fills in.

    Documentation is left out: `docs/commands.md` has what commands show of it.
    """
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = None
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        if isinstance(node, ast.expr) and text is not None and id(node) not in skipped and len(words(text)) >= 3:
            yield node.lineno, text


def words(text: str) -> list[str]:
    return [word for word in text.split() if re.search(r"\w", word)]


def sentences(text: str) -> list[str]:
    """Its sentences; an arrow parts what is wrong from what to do about it."""
    return re.split(r"(?<=[.!?])\s+|\n| → ", text)


def retired(name: str, text: str) -> Iterator[str]:
    """Each retired phrase of a text, with what is around it and what to write instead; addresses are names."""
    flat = " ".join(re.sub(r"\]\([^)]*\)", "]", text).split())
    for match in PHRASES.finditer(flat):
        around = flat[max(match.start() - 40, 0) : match.end() + 40]
        better = list(RETIRED.values())[int((match.lastgroup or "_0")[1:])]
        if not any(file == name and part in around for file, part in EXCEPTIONS):
            yield f"{name}: {match[0]!r} ({better}) in: {around}"


def of_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_message_has_a_retired_phrase() -> None:
    found = [
        finding
        for path in SOURCES
        for line, text in messages(path.read_text("utf-8"))
        for finding in retired(f"{of_root(path)}:{line}", text)
    ]
    assert found == []


@pytest.mark.parametrize("path", PAGES, ids=of_root)
def test_no_page_has_a_retired_phrase(path: Path) -> None:
    assert list(retired(of_root(path), path.read_text("utf-8"))) == []


def descriptions(schema: object) -> Iterator[str]:
    """What a JSON Schema says about its parts."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield from (value,) if key == "description" and isinstance(value, str) else descriptions(value)
    elif isinstance(schema, list):
        for part in schema:
            yield from descriptions(part)


@pytest.mark.parametrize("name", NAMES)
def test_no_schema_has_a_retired_phrase(name: str) -> None:
    assert [finding for text in descriptions(json_schema(name)) for finding in retired(name, text)] == []


def test_no_message_has_a_long_sentence() -> None:
    found = [
        f"{of_root(path)}:{line}: {sentence}"
        for path in SOURCES
        for line, text in messages(path.read_text("utf-8"))
        for sentence in sentences(text)
        if len(words(sentence)) > LONGEST_SENTENCE and path.name != "html_style.py"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "phrases", "long"),
    [
        ('raise E("the ledger was told nothing")', ["told"], 0),
        ('raise E(f"{name} is no {kind} → mend it")', ["is no ", "mend"], 0),
        ('"""A demand of three words."""', [], 0),
        ('A = "asked.json"', [], 0),
        ('A = "it has no model, there is no file, it is no longer needed"', [], 0),
        (f'A = "{"word " * 26}"', [], 1),
        (f'A = f"{"{hole!r:>3} " * 25}. {"word " * 25} → {"word " * 25}"', [], 0),
    ],
)
def test_the_rules_find_what_they_are_for(source: str, phrases: list[str], long: int) -> None:
    texts = [text for _, text in messages(source)]
    assert [finding.split("'")[1] for text in texts for finding in retired("x.py", text)] == phrases
    assert sum(len(words(one)) > LONGEST_SENTENCE for text in texts for one in sentences(text)) == long
