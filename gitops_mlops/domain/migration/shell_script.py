"""What a shell script does, as far as it is simple commands one after the other.

No shell: what is conditional, piped, looped or in the background is found and named as such, so that whoever
rewrites scripts leaves it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_OPERATORS = ("<<<", "<<-", "&>>", "&&", "||", ";;", ">>", "<<", ">&", "<&", "&>", ">|", "|&", *"><|&;()")
_REDIRECTS = frozenset({">>", ">", ">|", "<", ">&", "<&", "&>", "&>>", "<<<"})
_HEREDOCS = frozenset({"<<", "<<-"})
_OPENING = frozenset({"if", "for", "while", "until", "case", "select", "{"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_INNER = frozenset({"then", "do", "else", "elif", "!"})
_ASSIGNMENT = re.compile(r"\w+\+?=")
_PREFIXES = frozenset({"sudo", "npx", "exec", "command", "time", "nice", "--yes", "-y"})


class ShellCommand(NamedTuple):
    """A command without its quotes, and the (operator, file) pairs of where it reads and writes."""

    words: tuple[str, ...]
    redirects: tuple[tuple[str, str], ...] = ()

    @property
    def assigns(self) -> bool:
        """Whether it begins with, or is nothing but, assignments of variables."""
        return bool(self.words) and _ASSIGNMENT.match(self.words[0]) is not None

    def written(self) -> list[str]:
        """The files that its output goes into."""
        return [file.removeprefix("./") for operator, file in self.redirects if operator in (">>", ">")]


class ShellUnit(NamedTuple):
    """Lines `first` up to, without, `last` of a script, with the comments above them.

    `simple`: its commands run one after the other, each only when the one before succeeded; `piped`: each reads
    what the one before writes. Of a unit that is neither, `commands` are all that can begin somewhere in it.
    """

    first: int
    last: int
    commands: tuple[ShellCommand, ...]
    simple: bool
    piped: bool = False


class _Token(NamedTuple):
    text: str
    operator: bool
    bare: bool
    line: int


class _UnfinishedScript(ValueError):
    """A quote, a substitution or a here-document that does not end."""


def units(script: str) -> list[ShellUnit]:
    """The script cut into its units. What cannot be read is one unit that is not simple."""
    lines = script.rstrip("\n").split("\n")
    try:
        tokens = list(_tokens(script))
    except _UnfinishedScript:
        return [ShellUnit(0, len(lines), (ShellCommand(tuple(script.split())),), simple=False)]
    found: list[ShellUnit] = []
    collected = _UnitTokens()
    begin = 0
    for token in tokens:
        if token.text == "\n" and token.operator and not collected.depth and not collected.continues():
            if collected.tokens:
                found.append(collected.unit(begin, token.line + 1))
                begin = token.line + 1
                collected = _UnitTokens()
        else:
            collected.add(token)
    if collected.tokens:
        found.append(collected.unit(begin, len(lines)))
    # Comments at the end are of the last one.
    return [*found[:-1], found[-1]._replace(last=len(lines))] if found else []


def program(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words from the program on: without what runs it (`sudo`, `npx`)."""
    rest = list(words)
    while rest and rest[0] in _PREFIXES:
        rest.pop(0)
    return tuple(rest)


@dataclass
class _UnitTokens:
    """The tokens of a unit, and how deep in compound commands the last one is."""

    tokens: list[_Token] = field(default_factory=list)
    depth: int = 0
    heads: bool = True
    words_only: bool = True

    def add(self, token: _Token) -> None:
        self.tokens.append(token)
        if token.operator:
            self.heads = token.text not in _REDIRECTS | _HEREDOCS
            self.depth += (token.text == "(") - (token.text == ")" and self.depth > 0 and not self._keyword_open())
            return
        if self.heads and token.bare:
            if token.text in _OPENING:
                self.depth, self.words_only = self.depth + 1, False
            elif token.text in _CLOSING and self.depth:
                self.depth -= 1
                return
            if token.text in _OPENING | _INNER:
                self.words_only &= token.text != "!"
                return
        self.heads = False

    def _keyword_open(self) -> bool:
        """Whether a `)` may be that of a pattern of `case`."""
        return any(token.bare and token.text == "case" for token in self.tokens)

    def continues(self) -> bool:
        """Whether the command goes on in the next line."""
        return bool(self.tokens) and self.tokens[-1].operator and self.tokens[-1].text in ("&&", "||", "|", "|&")

    def unit(self, first: int, last: int) -> ShellUnit:
        operators = {token.text for token in self.tokens if token.operator}
        whole = not self.depth and self.words_only
        return ShellUnit(
            first,
            last,
            tuple(_commands(self.tokens)),
            simple=whole and operators <= _REDIRECTS | {"&&", ";", "\n"},
            piped=whole and "|" in operators and operators <= _REDIRECTS | {"|", "\n"},
        )


def _commands(tokens: list[_Token]) -> Iterator[ShellCommand]:
    words: list[str] = []
    redirects: list[tuple[str, str]] = []
    pending = ""
    for token in tokens:
        if token.operator and token.text in _REDIRECTS | _HEREDOCS:
            pending = token.text
        elif token.operator:
            if words or redirects:
                yield ShellCommand(tuple(words), tuple(redirects))
            words, redirects = [], []
        elif pending:
            redirects.append((pending, token.text))
            pending = ""
        elif words or not (token.bare and token.text in _OPENING | _CLOSING | _INNER):
            words.append(token.text)
    if words or redirects:
        yield ShellCommand(tuple(words), tuple(redirects))


def _tokens(script: str) -> Iterator[_Token]:
    at, line = 0, 0
    waiting: list[str] = []
    heredoc = False
    while at < len(script):
        char = script[at]
        if char == "\n":
            at, line = at + 1, line + 1
            for word in waiting:
                at, line = _after_heredoc(script, at, line, word)
            waiting = []
            yield _Token("\n", True, True, line - 1)
        elif char in " \t\r":
            at += 1
        elif script.startswith("\\\n", at):
            at, line = at + 2, line + 1
        elif char == "#":
            at = script.find("\n", at) if "\n" in script[at:] else len(script)
        elif operator := next((one for one in _OPERATORS if script.startswith(one, at)), ""):
            yield _Token(operator, True, True, line)
            heredoc = operator in _HEREDOCS
            at += len(operator)
        else:
            text, bare, end = _word(script, at)
            if heredoc:
                waiting.append(text)
                heredoc = False
            # `2>` is a redirection, and the 2 no word of the command.
            if not (bare and text.isdigit() and script[end : end + 1] in ("<", ">")):
                yield _Token(text, False, bare, line)
            line += script.count("\n", at, end)
            at = end


def _after_heredoc(script: str, at: int, line: int, end: str) -> tuple[int, int]:
    while at < len(script):
        stop = script.find("\n", at)
        text = script[at:] if stop < 0 else script[at:stop]
        at, line = (len(script) if stop < 0 else stop + 1), line + 1
        if text.strip() == end:
            return at, line
    raise _UnfinishedScript


def _word(script: str, at: int) -> tuple[str, bool, int]:
    """A word from here on without its quotes, whether it has none, and where it ends."""
    text, bare = "", True
    while at < len(script) and script[at] not in " \t\r\n;&|<>()":
        char = script[at]
        if char == "\\":
            text += "" if script.startswith("\\\n", at) else script[at + 1 : at + 2]
            at, bare = at + 2, False
        elif char in "'\"":
            inner, at = _quoted(script, at)
            text, bare = text + inner, False
        elif end := _expansion_end(script, at):
            text += script[at:end]
            at = end
        else:
            text, at = text + char, at + 1
    return text, bare, at


def _quoted(script: str, at: int) -> tuple[str, int]:
    quote, text = script[at], ""
    at += 1
    while at < len(script) and script[at] != quote:
        if quote == '"' and script[at] == "\\":
            text += "" if script.startswith("\\\n", at) else script[at : at + 2].removeprefix("\\")
            at += 2
        elif quote == '"' and (end := _expansion_end(script, at)):
            text += script[at:end]
            at = end
        else:
            text, at = text + script[at], at + 1
    if at >= len(script):
        raise _UnfinishedScript
    return text, at + 1


def _expansion_end(script: str, at: int) -> int:
    """Where `${{ … }}`, `$( … )`, `${ … }` or a command in backquotes ends that begins here; 0 when none does."""
    for opening, closing in (("${{", "}}"), ("${", "}"), ("`", "`")):
        if script.startswith(opening, at):
            end = script.find(closing, at + len(opening))
            if end < 0:
                raise _UnfinishedScript
            return end + len(closing)
    if not script.startswith("$(", at):
        return 0
    depth = 0
    for end in range(at + 1, len(script)):
        depth += (script[end] == "(") - (script[end] == ")")
        if not depth:
            return end + 1
    raise _UnfinishedScript
