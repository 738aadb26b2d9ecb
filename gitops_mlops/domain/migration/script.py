"""What becomes of each command in the scripts of a job that used CML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from gitops_mlops.domain.migration import commands as known
from gitops_mlops.domain.migration.commands import Comment, Verb
from gitops_mlops.domain.migration.shell_script import Command, Unit, program


class Fate(Enum):
    """What becomes of a piece of a script; those in the second row are decided by what is around them."""

    KEEP = "kept"
    DROP = "dropped"
    REPRO = "our repro"
    COMMENT = "our comment"

    PULL = "dropped when our repro pulls"
    FETCH = "dropped when nothing else reads another revision"
    HEADING = "dropped when nothing is below"


@dataclass
class Piece:
    """A unit of the script of step number `step`, and what becomes of it."""

    step: int
    unit: Unit
    fate: Fate = Fate.KEEP
    stages: tuple[str, ...] = ()
    comment: Comment | None = None
    level: int = 0
    reports: bool = False

    def runs(self) -> Iterator[str]:
        """The programs that it starts."""
        for command in self.unit.commands:
            yield from program(command.words)[:1]


@dataclass
class Plan:
    """The pieces of all steps of a job in order, and the image files that the report showed."""

    pieces: list[Piece]
    images: list[str] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    own: set[str] = field(default_factory=set)

    def of(self, step: int) -> list[Piece]:
        """The pieces of one step."""
        return [piece for piece in self.pieces if piece.step == step]


# What neither reads nor writes data of the pipeline: between `dvc pull` and `dvc repro` it changes nothing.
_HARMLESS = frozenset(
    {
        "pip",
        "pip3",
        "uv",
        "git",
        "echo",
        "printf",
        "apt-get",
        "apt",
        "mkdir",
        "ls",
        "pwd",
        "dvc",
        "npm",
        "export",
        "poetry",
    }
)
_STATE = frozenset(
    {"cd", "export", "source", ".", "alias", "unset", "eval", "conda", "mamba", "pushd", "popd", "shopt", "umask"}
)
_HEADING = re.compile(r"(#{1,6})\s")


def plan(scripts: Sequence[tuple[int, list[Unit]]], reports: dict[int, Comment], *, repro: set[int]) -> Plan:
    """What becomes of the units of each step.

    `reports` has the comment of a unit, by its identity; `repro` the steps whose `dvc repro` may become ours.
    """
    files = {comment.report for comment in reports.values()}
    made = Plan([Piece(step, unit) for step, found in scripts for unit in found])
    for piece in made.pieces:
        _judge(piece, reports.get(id(piece.unit)), files, made, may_repro=piece.step in repro)
    _drop_drawings(made)
    _drop_pulls(made.pieces)
    _drop_fetches(made.pieces)
    for file in files:
        _settle_report(made, file)
    made.images = [one for one in dict.fromkeys(made.images) if one not in made.drawings]
    return made


def _judge(piece: Piece, comment: Comment | None, files: set[str], made: Plan, *, may_repro: bool) -> None:
    if comment is not None:
        piece.fate, piece.comment = Fate.COMMENT, comment
        return
    commands = piece.unit.commands
    piece.reports = any(_mentions(command, files) for command in commands)
    if files and known.draws_and_publishes(piece.unit):
        piece.fate = Fate.DROP
    if not piece.unit.simple:
        return
    fates = {_fate(command, files, made, piece) for command in commands}
    if fates <= {Fate.DROP, Fate.REPRO, Fate.PULL} and Fate.REPRO in fates and may_repro:
        piece.fate = Fate.REPRO
    elif len(fates) == 1 and Fate.REPRO not in fates:
        piece.fate = fates.pop()
    elif fates == {Fate.FETCH, Fate.DROP}:
        piece.fate = Fate.DROP


def _mentions(command: Command, files: set[str]) -> bool:
    return bool(files.intersection(word.removeprefix("./") for word in (*command.words, *command.written())))


def _fate(command: Command, files: set[str], made: Plan, piece: Piece) -> Fate:
    found = known.cml(command)
    into = files.intersection(command.written())
    if found and found[0] is Verb.PREPARE and files:
        return Fate.DROP
    if found and found[0] is Verb.PUBLISH and files:
        made.images += known.options(found[1])[1]
        return Fate.DROP
    if known.installs_cml(command) and files:
        return Fate.DROP
    if (stages := known.repro(command)) is not None:
        piece.stages = stages
        return Fate.REPRO
    if known.pulls(command):
        return Fate.PULL
    if known.tells_change(command) and into:
        return Fate.DROP
    if command.words[:2] == ("git", "fetch"):
        return Fate.FETCH
    return _markdown(command, made, piece) if into else Fate.KEEP


def _markdown(command: Command, made: Plan, piece: Piece) -> Fate:
    """What becomes of a line that a shell writes into the report."""
    if command.words[:1] not in (("echo",), ("printf",)):
        return Fate.KEEP
    text = " ".join(word for word in command.words[1:] if word not in ("-e", "-n")).strip()
    made.images += known.images(text)
    if known.only_images(text):
        return Fate.DROP
    if heading := _HEADING.match(text):
        piece.level = len(heading[1])
    return Fate.HEADING if heading or not text.replace("\\n", "") else Fate.KEEP


def _drop_drawings(made: Plan) -> None:
    """`dvc plots` into a file that is only drawn for the report, and the drawing of it."""
    drawn = {
        pair: piece for piece in made.pieces for command in piece.unit.commands if (pair := known.draws(command))
    }
    for (vega, picture), drawing in drawn.items():
        sources = [
            piece
            for piece in made.pieces
            if any(known.tells_change(command) and vega in command.written() for command in piece.unit.commands)
        ]
        piped = drawing.fate is Fate.DROP
        if piped or (picture.removeprefix("./") in made.images and sources):
            made.drawings.append(picture.removeprefix("./"))
            for piece in (drawing, *sources):
                piece.fate = Fate.DROP


def _drop_pulls(pieces: list[Piece]) -> None:
    for at, piece in enumerate(pieces):
        if piece.fate is Fate.PULL:
            after = next((j for j in range(at + 1, len(pieces)) if pieces[j].fate is Fate.REPRO), None)
            between = pieces[at + 1 : after] if after is not None else []
            harmless = all(other.unit.simple and _HARMLESS.issuperset(other.runs()) for other in between)
            piece.fate = Fate.DROP if after is not None and harmless else Fate.KEEP


def _drop_fetches(pieces: list[Piece]) -> None:
    told = any(piece.fate is Fate.DROP and {"dvc"}.intersection(piece.runs()) for piece in pieces)
    read = any(piece.fate is Fate.KEEP and {"dvc", "git"}.intersection(piece.runs()) for piece in pieces)
    for piece in pieces:
        if piece.fate is Fate.FETCH:
            piece.fate = Fate.DROP if told and not read else Fate.KEEP


def _settle_report(made: Plan, file: str) -> None:
    """Drop headings with nothing below, and say whether the report holds anything of the project's own."""
    lines = [piece for piece in made.pieces if piece.reports and piece.fate is not Fate.COMMENT]
    mine = [piece for piece in lines if any(_mentions(command, {file}) for command in piece.unit.commands)]
    for at, piece in enumerate(mine):
        if piece.fate is Fate.HEADING:
            below = mine[at + 1 :]
            if piece.level:
                ends = (j for j, other in enumerate(below) if 0 < other.level <= piece.level)
                below = below[: next(ends, len(below))]
            else:
                below = below[:1]
            kept = any(other.fate is Fate.KEEP for other in below)
            piece.fate = Fate.HEADING if kept else Fate.DROP
    for piece in mine:
        if piece.fate is Fate.HEADING:
            piece.fate = Fate.KEEP
    if not mine or any(piece.fate is Fate.KEEP for piece in mine):
        made.own.add(file)


def changes_shell(unit: Unit) -> bool:
    """Whether what comes later in the same shell may depend on it: a folder, a variable, a function."""
    if not unit.simple:
        return any(
            command.assigns or {"cd", "export", "source"}.intersection(command.words[:1]) for command in unit.commands
        )
    return any(command.assigns or _STATE.issuperset(command.words[:1]) for command in unit.commands if command.words)
