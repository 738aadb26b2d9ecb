"""What becomes of each command in the scripts of a job that used CML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from gitops_mlops.domain.migration import commands as known
from gitops_mlops.domain.migration.commands import CmlComment, CmlVerb
from gitops_mlops.domain.migration.shell_script import ShellCommand, ShellUnit, program


class PieceFate(Enum):
    """What becomes of a piece of a script; those in the second row are decided by what is around them."""

    KEEP = "kept"
    DROP = "dropped"
    REPRO = "our repro"
    COMMENT = "our comment"

    PULL = "dropped when our repro pulls"
    FETCH = "dropped when nothing else reads another revision"
    HEADING = "dropped when nothing is below"


@dataclass
class ScriptPiece:
    """A unit of the script of step number `step`, and what becomes of it."""

    step: int
    unit: ShellUnit
    fate: PieceFate = PieceFate.KEEP
    stages: tuple[str, ...] = ()
    comment: CmlComment | None = None
    level: int = 0
    reports: bool = False

    def runs(self) -> Iterator[str]:
        """The programs that it starts."""
        for command in self.unit.commands:
            yield from program(command.words)[:1]


@dataclass
class ScriptPlan:
    """The pieces of all steps of a job in order, and the image files that the report showed."""

    pieces: list[ScriptPiece]
    images: list[str] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    own: set[str] = field(default_factory=set)

    def of(self, step: int) -> list[ScriptPiece]:
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


def plan(
    scripts: Sequence[tuple[int, list[ShellUnit]]], reports: dict[int, CmlComment], *, repro: set[int]
) -> ScriptPlan:
    """What becomes of the units of each step.

    `reports` has the comment of a unit, by its identity; `repro` the steps whose `dvc repro` may become ours.
    """
    files = {comment.report for comment in reports.values()}
    made = ScriptPlan([ScriptPiece(step, unit) for step, found in scripts for unit in found])
    for piece in made.pieces:
        _judge(piece, reports.get(id(piece.unit)), files, made, may_repro=piece.step in repro)
    _drop_drawings(made)
    _drop_pulls(made.pieces)
    _drop_fetches(made.pieces)
    for file in files:
        _settle_report(made, file)
    made.images = [one for one in dict.fromkeys(made.images) if one not in made.drawings]
    return made


def _judge(
    piece: ScriptPiece, comment: CmlComment | None, files: set[str], made: ScriptPlan, *, may_repro: bool
) -> None:
    if comment is not None:
        piece.fate, piece.comment = PieceFate.COMMENT, comment
        return
    commands = piece.unit.commands
    piece.reports = any(_mentions(command, files) for command in commands)
    if files and known.draws_and_publishes(piece.unit):
        piece.fate = PieceFate.DROP
    if not piece.unit.simple:
        return
    fates = {_fate(command, files, made, piece) for command in commands}
    if fates <= {PieceFate.DROP, PieceFate.REPRO, PieceFate.PULL} and PieceFate.REPRO in fates and may_repro:
        piece.fate = PieceFate.REPRO
    elif len(fates) == 1 and PieceFate.REPRO not in fates:
        piece.fate = fates.pop()
    elif fates == {PieceFate.FETCH, PieceFate.DROP}:
        piece.fate = PieceFate.DROP


def _mentions(command: ShellCommand, files: set[str]) -> bool:
    return bool(files.intersection(word.removeprefix("./") for word in (*command.words, *command.written())))


def _fate(command: ShellCommand, files: set[str], made: ScriptPlan, piece: ScriptPiece) -> PieceFate:
    found = known.cml(command)
    into = files.intersection(command.written())
    if found and found[0] is CmlVerb.PREPARE and files:
        return PieceFate.DROP
    if found and found[0] is CmlVerb.PUBLISH and files:
        made.images += known.options(found[1])[1]
        return PieceFate.DROP
    if known.installs_cml(command) and files:
        return PieceFate.DROP
    if (stages := known.repro(command)) is not None:
        piece.stages = stages
        return PieceFate.REPRO
    if known.pulls(command):
        return PieceFate.PULL
    if known.tells_change(command) and into:
        return PieceFate.DROP
    if command.words[:2] == ("git", "fetch"):
        return PieceFate.FETCH
    return _markdown(command, made, piece) if into else PieceFate.KEEP


def _markdown(command: ShellCommand, made: ScriptPlan, piece: ScriptPiece) -> PieceFate:
    """What becomes of a line that a shell writes into the report."""
    if command.words[:1] not in (("echo",), ("printf",)):
        return PieceFate.KEEP
    text = " ".join(word for word in command.words[1:] if word not in ("-e", "-n")).strip()
    made.images += known.images(text)
    if known.only_images(text):
        return PieceFate.DROP
    if heading := _HEADING.match(text):
        piece.level = len(heading[1])
    return PieceFate.HEADING if heading or not text.replace("\\n", "") else PieceFate.KEEP


def _drop_drawings(made: ScriptPlan) -> None:
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
        piped = drawing.fate is PieceFate.DROP
        if piped or (picture.removeprefix("./") in made.images and sources):
            made.drawings.append(picture.removeprefix("./"))
            for piece in (drawing, *sources):
                piece.fate = PieceFate.DROP


def _drop_pulls(pieces: list[ScriptPiece]) -> None:
    for at, piece in enumerate(pieces):
        if piece.fate is PieceFate.PULL:
            after = next((j for j in range(at + 1, len(pieces)) if pieces[j].fate is PieceFate.REPRO), None)
            between = pieces[at + 1 : after] if after is not None else []
            harmless = all(other.unit.simple and _HARMLESS.issuperset(other.runs()) for other in between)
            piece.fate = PieceFate.DROP if after is not None and harmless else PieceFate.KEEP


def _drop_fetches(pieces: list[ScriptPiece]) -> None:
    told = any(piece.fate is PieceFate.DROP and {"dvc"}.intersection(piece.runs()) for piece in pieces)
    read = any(piece.fate is PieceFate.KEEP and {"dvc", "git"}.intersection(piece.runs()) for piece in pieces)
    for piece in pieces:
        if piece.fate is PieceFate.FETCH:
            piece.fate = PieceFate.DROP if told and not read else PieceFate.KEEP


def _settle_report(made: ScriptPlan, file: str) -> None:
    """Drop headings with nothing below, and say whether the report holds anything of the project's own."""
    lines = [piece for piece in made.pieces if piece.reports and piece.fate is not PieceFate.COMMENT]
    mine = [piece for piece in lines if any(_mentions(command, {file}) for command in piece.unit.commands)]
    for at, piece in enumerate(mine):
        if piece.fate is PieceFate.HEADING:
            below = mine[at + 1 :]
            if piece.level:
                ends = (j for j, other in enumerate(below) if 0 < other.level <= piece.level)
                below = below[: next(ends, len(below))]
            else:
                below = below[:1]
            kept = any(other.fate is PieceFate.KEEP for other in below)
            piece.fate = PieceFate.HEADING if kept else PieceFate.DROP
    for piece in mine:
        if piece.fate is PieceFate.HEADING:
            piece.fate = PieceFate.KEEP
    if not mine or any(piece.fate is PieceFate.KEEP for piece in mine):
        made.own.add(file)


def changes_shell(unit: ShellUnit) -> bool:
    """Whether what comes later in the same shell may depend on it: a folder, a variable, a function."""
    if not unit.simple:
        return any(
            command.assigns or {"cd", "export", "source"}.intersection(command.words[:1]) for command in unit.commands
        )
    return any(command.assigns or _STATE.issuperset(command.words[:1]) for command in unit.commands if command.words)
