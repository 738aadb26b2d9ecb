"""Who is to blame when a version does not come to serve, and what follows from it.

Only a verdict against the version takes it back. A fault of the place, an outage outside, wrong usage, missing
evidence and a bug of ours leave the version its attempt, and the next rollout tries again.
"""

from __future__ import annotations

import errno
import signal
from enum import StrEnum
from typing import NamedTuple

from gitops_mlops.domain.errors import (
    BUG,
    INTERRUPTED,
    VERDICT_AGAINST,
    Bug,
    BundleError,
    ConfigError,
    ExternalError,
    MissingEvidence,
    MlopsError,
    PlaceError,
    UsageError,
)


class Cause(StrEnum):
    """What failed."""

    VERSION = "version"
    PLACE = "place"
    OUTSIDE = "outside"
    USAGE = "usage"
    EVIDENCE = "evidence"
    BUG = "bug"


class Answer(NamedTuple):
    """What a cause leads to: the exit code, whether the version is taken back, and what a person should do."""

    code: int
    taken_back: bool
    repair: str


ANSWERS: dict[Cause, Answer] = {
    Cause.VERSION: Answer(VERDICT_AGAINST, True, "fix the model and merge: the next version enters by itself"),
    Cause.PLACE: Answer(PlaceError.exit_code, False, "repair this machine"),
    Cause.OUTSIDE: Answer(ExternalError.exit_code, False, "wait until the other system answers again"),
    Cause.USAGE: Answer(UsageError.exit_code, False, "correct the configuration"),
    Cause.EVIDENCE: Answer(MissingEvidence.exit_code, False, "bring back what is missing"),
    Cause.BUG: Answer(BUG, False, "report it to gitops-mlops, with the server's log"),
}
_ERRORS: dict[Cause, type[MlopsError]] = {
    Cause.VERSION: BundleError,
    Cause.PLACE: PlaceError,
    Cause.OUTSIDE: ExternalError,
    Cause.USAGE: UsageError,
    Cause.EVIDENCE: MissingEvidence,
    Cause.BUG: Bug,
}


class Fault(NamedTuple):
    """Why a version does not serve. `repair` says what to do about it."""

    cause: Cause
    reason: str
    repair: str = ""

    @property
    def answer(self) -> Answer:
        """What follows from it."""
        return ANSWERS[self.cause]

    @property
    def advice(self) -> str:
        """What a person should do."""
        return self.repair or self.answer.repair

    def error(self, where: str = "") -> MlopsError:
        """The error that ends a command with the exit code of the cause."""
        return _ERRORS[self.cause](self.reason, where=where, hint=self.advice)


class Ending(NamedTuple):
    """How a process (`who`) ended before it did what it was for (`until`): `code` as `subprocess` has it (-9: killed
    by signal 9), and its last lines.
    """

    code: int
    lines: tuple[str, ...] = ()
    who: str = "the server"
    until: str = "it was ready"


class Effort(NamedTuple):
    """What a process had of the machine, in seconds: time on a processor, and time ready to run without one."""

    ran: float
    waited: float


# What a machine says that has too little of something, or refuses it.
_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EIO,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EMFILE,
        errno.ENFILE,
    }
)
_SHORTAGES = ("cannot allocate memory", "bad_alloc", "out of memory", "memoryerror", "no space left on device")
_MEMORY = "give this machine more memory, or end what else runs on it"
_DISK = "free disk space: the server could not even report what is wrong"
_BUSY = "end what keeps this machine busy, or raise health.timeout in mlops.yaml"
# A server killed by one of these crashed; by any other somebody or the system ended it: SIGKILL comes from the
# kernel when memory runs out, SIGBUS from a full disk below mapped memory, SIGILL from an older processor.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGTRAP}
_FLUSH_FAILED = 120
_TERMINATED = 128 + signal.SIGTERM
# Of the exit codes that gitops_mlops/serving/__main__.py documents; 1 needs its line, as Python ends so, too.
_OF_CODE = {
    UsageError.exit_code: Cause.USAGE,
    MissingEvidence.exit_code: Cause.EVIDENCE,
    PlaceError.exit_code: Cause.PLACE,
    BUG: Cause.BUG,
    _FLUSH_FAILED: Cause.PLACE,
    INTERRUPTED: Cause.PLACE,
    _TERMINATED: Cause.PLACE,
}
_SAID = "error: "
_LONGER = 60.0


def of_the_machine(error: BaseException) -> bool:
    """Whether an error says that the machine lacks memory, disk or descriptors, whoever raised it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _MACHINE):
        return True
    return isinstance(error, ImportError) and short_of(str(error))


def short_of(text: str) -> bool:
    """Whether words say that memory or disk ran out: native libraries and Python's start raise no OSError for it."""
    return any(words in text.lower() for words in _SHORTAGES)


def fault_of(error: BaseException) -> Fault:
    """The cause of an error."""
    reason, repair = str(error) or type(error).__name__, ""
    if isinstance(error, MlopsError):
        if not isinstance(error, ConfigError):
            reason = f"{error.where}: {error.message}" if error.where else error.message
        return Fault(_of_error(error), reason, error.hint)
    if isinstance(error, MemoryError):
        return Fault(Cause.PLACE, "the memory of this machine is full", _MEMORY)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return Fault(Cause.PLACE, f"{place}{error.strerror or reason}", repair)
    return Fault(Cause.BUG, f"{type(error).__name__}: {reason}")


def _of_error(error: MlopsError) -> Cause:
    if error.exit_code == VERDICT_AGAINST:
        return Cause.VERSION
    if isinstance(error, PlaceError):
        return Cause.PLACE
    others = {each.exit_code: cause for cause, each in _ERRORS.items() if cause is not Cause.PLACE}
    return others.get(error.exit_code, Cause.BUG)


def fault_of_ending(ending: Ending) -> Fault:
    """The cause of a process' end before it served."""
    ended = f"{ending.who} ended before {ending.until}"
    said = ending.lines[-1] if ending.lines else ""
    words = " | ".join(ending.lines) or "it printed nothing"
    if ending.code < 0:
        return _of_signal(-ending.code, words, ending.who)
    line, _, hint = said.removeprefix(_SAID).partition(" → ")
    if said.startswith(_SAID) and ending.code in (VERDICT_AGAINST, *_OF_CODE):
        cause = _OF_CODE.get(ending.code, Cause.VERSION)
        return Fault(cause, f"{ended}: {line}", hint)
    if short_of(words):
        return Fault(Cause.PLACE, f"{ended}: {words}", _MEMORY)
    reason = f"{ended}, with exit code {ending.code}: {words}"
    if ending.code == VERDICT_AGAINST:
        return Fault(Cause.BUG, reason)
    # Whatever else it is, the model did it: `exit(0)` in native code, for instance.
    cause = _OF_CODE.get(ending.code, Cause.VERSION)
    # Where a log takes no line, the disk is full.
    return Fault(cause, reason, _DISK if cause is Cause.PLACE and not ending.lines else "")


def _of_signal(number: int, words: str, who: str) -> Fault:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number in _CRASHES and not short_of(words):
        return Fault(Cause.VERSION, f"the model crashed {who} ({name}): {words}")
    if number == signal.SIGKILL or number in _CRASHES:
        reason = f"{who} was killed ({name}), as the system does when memory runs out: {words}"
        return Fault(Cause.PLACE, reason, f"{_MEMORY}; `dmesg` names what was killed")
    return Fault(Cause.PLACE, f"a user or the system ended {who} ({name}): {words}", "find out who ended it")


def fault_of_delay(
    what: str, elapsed: float, timeout: float, effort: Effort | None, log: str = "", who: str = "the server"
) -> Fault | None:
    """Why a server (`who`) that should have done something within `timeout` seconds has not; None: wait on.

    Time in which the process was ready to run and had no processor is not its own, and does not count. So a version
    that hangs, or computes too long, is to blame on a busy machine, too, and one that only waits is not. Waiting
    ends after three more timeouts, and not before another minute: then the machine is to blame. Where the system
    does not tell (None), every second counts.
    """
    waited = effort.waited if effort else 0.0
    measured = f" ({effort.ran:.1f} s on a processor, {waited:.1f} s waiting for one)" if effort else ""
    if elapsed - waited >= timeout:
        see = f", see {log}" if log else ""
        return Fault(Cause.VERSION, f"{who} {what} after {timeout:g} s{measured}{see}")
    if elapsed >= timeout + max(3 * timeout, _LONGER):
        return Fault(Cause.PLACE, f"{who} {what} after {elapsed:.0f} s, as this machine is busy{measured}", _BUSY)
    return None
