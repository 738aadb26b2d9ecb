"""Texts and lists that are shown in part: the limits, and how it is said that something is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# In characters: a name, a sentence or some, a line of what foreign code says, and a value inside a message.
WORD = 200
TEXT = 2000
LINE = 300
VALUE = 80
# How many names or values a message lists.
FEW = 6


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last one `…` when something was cut off."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def first_line(said: object) -> str:
    """The first line of what foreign code says, for instance of an error."""
    lines = str(said).strip().splitlines()
    return shorten(lines[0].rstrip(), LINE) if lines else ""


def quoted(value: object) -> str:
    """A value inside a message, as Python writes it."""
    return repr(shorten(value, VALUE)) if isinstance(value, str) else shorten(repr(value), VALUE)


def escaped(text: str) -> str:
    """A stranger's text inside a message: quoted, and in ASCII but for the `…` of one that is long."""
    return ascii(text) if len(text) <= VALUE else f"{text[:VALUE]!a}…"


def and_more(number: int, before: str = " ", after: str = "") -> str:
    """` and 3 more`, with what stands around it; nothing when none is left out."""
    return f"{before}and {number:,} more{after}" if number > 0 else ""


def more_lines(number: int, before: str = "", after: str = "") -> list[str]:
    """The same as a line of its own; no line when none is left out."""
    return [and_more(number, before, after)] if number > 0 else []


def first_of(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`: the first names, and how many are left out."""
    return ", ".join(names[:most]) + and_more(len(names) - most)


def first_values(values: Iterable[object], most: int = FEW) -> str:
    """`'a', 'b' and 3 more`: the same of values, each quoted."""
    found = list(values)
    return ", ".join(quoted(value) for value in found[:most]) + and_more(len(found) - most)


def first_texts(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """At most so many texts; the last one says how many are left out."""
    if len(texts) <= most:
        return tuple(texts)
    return (*texts[: most - 1], and_more(len(texts) - most + 1, ""))


def left_out(number: int, most: int, what: str) -> list[str]:
    """What a list of `number` leaves out that holds `most`, as a text; none when it holds all."""
    return [f"{number - most:,} of {number:,} {what} are left out"] if number > most else []
