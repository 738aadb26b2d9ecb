"""Every way to fail, with the exit code that says which kind it was.

A verdict (a gate that failed, data that is invalid) is a result and not an error: commands end with
`VERDICT_AGAINST` for it. An error says what is wrong, where, and what to do about it, in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitops_mlops.domain.shortening import and_more

DONE = 0
VERDICT_AGAINST = 1
INTERRUPTED = 130
# EX_SOFTWARE of BSD's sysexits.h: an outside system must not be blamed for what is wrong in here.
BUG = 70


class MlopsError(Exception):
    """Anything that stops a command, or a stage of a pipeline. Its text is one line: where, what, and what to do.

    `message` says what is wrong, `where` names the file, tag or address, and `hint` says what to do; the last two may
    be empty. `exit_code` is what a command ends with.

    Example:
        >>> raise MissingEvidence("there is no such file", where="data/raw.csv", hint="dvc repro")

    """

    exit_code = 4

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" → {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"


class UsageError(MlopsError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class FileProblemLine:
    """One thing wrong in a file that a person wrote; `line` and `column` count from 1, 0 is unknown."""

    path: str
    line: int
    column: int
    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        line = f":{self.line}:{self.column}" if self.line else ""
        where = f"{self.where}: " if self.where else ""
        advice = f" → {self.hint}" if self.hint else ""
        return f"{self.path}{line}: {where}{self.message}{advice}"


class ConfigError(MlopsError):
    """A file that a person wrote is wrong; carries every problem at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[FileProblemLine]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MissingEvidence(MlopsError):
    """Something that a decision needs is not there: a baseline, a cache, history, a number."""

    exit_code = 3


class ExternalError(MlopsError):
    """A system outside of this process refused, failed or did not answer."""

    exit_code = 4


class PlaceError(ExternalError):
    """The machine that should serve failed: its disk, memory or a port, or it is too busy."""


class NoAnswer(ExternalError):
    """Nothing answered at an address, or not in time."""


class Bug(MlopsError):
    """A fault of this program, not of what it was given."""

    exit_code = BUG


class UnsupportedByForge(ExternalError):
    """The forge in use has no such thing at all: what only tells of something may go on without."""


class ConcurrentUpdate(ExternalError):
    """Somebody else changed the same thing in the same moment: deciding afresh may succeed."""


class TagConflict(ExternalError):
    """Tags of the registry that are something else on the remote; `names` are theirs."""

    def __init__(self, names: Sequence[str], remote: str) -> None:
        # Every start imports this module.
        import shlex

        self.names = tuple(names)
        more = and_more(len(names) - 1, " (", ")")
        super().__init__(
            f"differs from the one on {remote}{more}",
            where=f"tag {names[0]}",
            hint=f"if {remote} is right: git tag -d -- {shlex.quote(names[0])} && git fetch --tags {remote}",
        )


class BundleError(MlopsError):
    """A bundle can be read and is not what it claims to be: a file was changed, or the model predicts otherwise."""

    exit_code = VERDICT_AGAINST
