from __future__ import annotations

import errno
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain import errors
from gitops_mlops.domain.comparison.predictions import UnreadableModel
from gitops_mlops.domain.errors import (
    Bug,
    BundleError,
    ConcurrentUpdate,
    ConfigError,
    ExternalError,
    FileProblemLine,
    MissingEvidence,
    MlopsError,
    NoAnswer,
    PlaceError,
    TagConflict,
    UsageError,
)
from gitops_mlops.domain.faults import (
    ANSWERS,
    Cause,
    Effort,
    Ending,
    Fault,
    fault_of,
    fault_of_delay,
    fault_of_ending,
    of_the_machine,
)

CODES = {
    Cause.VERSION: 1,
    Cause.USAGE: 2,
    Cause.EVIDENCE: 3,
    Cause.OUTSIDE: 4,
    Cause.PLACE: 4,
    Cause.BUG: 70,
}


def test_only_a_verdict_takes_a_version_back() -> None:
    assert {cause: answer.code for cause, answer in ANSWERS.items()} == CODES
    assert [cause for cause, answer in ANSWERS.items() if answer.taken_back] == [Cause.VERSION]
    assert all(answer.repair for answer in ANSWERS.values())


@pytest.mark.parametrize("cause", Cause)
def test_a_fault_goes_through_an_error_and_back(cause: Cause) -> None:
    error = Fault(cause, "it failed", "mend it").error("there")
    assert error.exit_code == CODES[cause]
    assert fault_of(error) == Fault(cause, "there: it failed", "mend it")
    assert Fault(cause, "it failed").advice == ANSWERS[cause].repair


ERRORS = [
    (BundleError("x"), Cause.VERSION),
    (UsageError("x"), Cause.USAGE),
    (ConfigError([FileProblemLine("mlops.yaml", 1, 1, "", "x")]), Cause.USAGE),
    (MissingEvidence("x"), Cause.EVIDENCE),
    (UnreadableModel("x"), Cause.EVIDENCE),
    (ExternalError("x"), Cause.OUTSIDE),
    (NoAnswer("x"), Cause.OUTSIDE),
    (ConcurrentUpdate("x"), Cause.OUTSIDE),
    (TagConflict(["t"], "origin"), Cause.OUTSIDE),
    (PlaceError("x"), Cause.PLACE),
    (OSError(errno.ENOSPC, "No space left on device"), Cause.PLACE),
    (PermissionError(errno.EACCES, "Permission denied"), Cause.PLACE),
    (MemoryError(), Cause.PLACE),
    (Bug("x"), Cause.BUG),
    (ZeroDivisionError("x"), Cause.BUG),
    (KeyError(), Cause.BUG),
]


@pytest.mark.parametrize(("error", "cause"), ERRORS, ids=lambda value: type(value).__name__)
def test_the_cause_of_an_error(error: Exception, cause: Cause) -> None:
    fault = fault_of(error)
    assert (fault.cause, bool(fault.reason)) == (cause, True)


def test_every_error_has_a_cause_of_its_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MlopsError)]
    assert len(kinds) > 10
    for kind in set(kinds) - {MlopsError, ConfigError, TagConflict}:
        assert ANSWERS[fault_of(kind("x")).cause].code == kind.exit_code


ENDINGS = [
    (0, [], Cause.VERSION),
    (0, ["error: the model printed this"], Cause.VERSION),
    (42, [], Cause.VERSION),
    (1, ["error: bundle: model.skops was changed → build it again"], Cause.VERSION),
    # Python itself ends with 1 when it cannot import us, or cannot say what is wrong.
    (1, ["ModuleNotFoundError: No module named 'gitops_mlops'"], Cause.BUG),
    (1, [], Cause.BUG),
    (1, ["ImportError: libx.so: failed to map segment: Cannot allocate memory"], Cause.PLACE),
    (1, ["OSError: [Errno 28] No space left on device"], Cause.PLACE),
    (2, ["error: --log-exclude: there is no input column 'x'"], Cause.USAGE),
    (3, ["error: numpy is not installed → pip install it"], Cause.EVIDENCE),
    (4, ["error: 127.0.0.1:80: cannot listen → choose another --port"], Cause.PLACE),
    # On a full disk the server's line is lost.
    (4, [], Cause.PLACE),
    (70, ["error: this is a bug in gitops-mlops (KeyError: 'x') → report it"], Cause.BUG),
    (120, [], Cause.PLACE),
    (130, [], Cause.PLACE),
    (143, [], Cause.PLACE),
    (-signal.SIGSEGV, [], Cause.VERSION),
    (-signal.SIGABRT, ["terminate called after throwing an instance of 'std::logic_error'"], Cause.VERSION),
    (-signal.SIGABRT, ["terminate called after throwing an instance of 'std::bad_alloc'"], Cause.PLACE),
    (-signal.SIGFPE, [], Cause.VERSION),
    (-signal.SIGKILL, [], Cause.PLACE),
    (-signal.SIGTERM, [], Cause.PLACE),
    (-signal.SIGHUP, [], Cause.PLACE),
    (-signal.SIGBUS, [], Cause.PLACE),
    (-signal.SIGILL, [], Cause.PLACE),
    (-signal.SIGXFSZ, [], Cause.PLACE),
    (-64, [], Cause.PLACE),
    (-99, [], Cause.PLACE),
]


@pytest.mark.parametrize(("code", "lines", "cause"), ENDINGS)
def test_the_cause_of_an_end(code: int, lines: list[str], cause: Cause) -> None:
    assert fault_of_ending(Ending(code, tuple(lines))).cause is cause


def test_the_servers_own_line_is_the_reason_and_its_advice_the_repair() -> None:
    ending = Ending(4, ("warning: x", "error: disk: full → make room"))
    assert fault_of_ending(ending) == Fault(
        Cause.PLACE, "the server ended before it was ready: disk: full", "make room"
    )


@given(st.integers(-70, 255), st.lists(st.text(max_size=20), max_size=3))
def test_every_end_has_a_cause_and_a_reason(code: int, lines: list[str]) -> None:
    fault = fault_of_ending(Ending(code, tuple(lines)))
    assert fault.reason
    if fault.answer.taken_back:
        assert code not in (2, 3, 4, 70, -signal.SIGKILL, -signal.SIGTERM)


DELAYS = [
    # It hangs, computes too long, or the system does not tell.
    (20.1, Effort(1.0, 0.0), Cause.VERSION),
    (20.1, Effort(20.0, 0.05), Cause.VERSION),
    (20.1, None, Cause.VERSION),
    (0.5, None, None),
    # Others had the processors: wait on; then it had its time and hangs; then there is no end to it.
    (20.1, Effort(2.0, 18.0), None),
    (38.2, Effort(2.0, 18.0), Cause.VERSION),
    (79.0, Effort(2.0, 70.0), None),
    (80.0, Effort(2.0, 70.0), Cause.PLACE),
]


@pytest.mark.parametrize(("elapsed", "effort", "cause"), DELAYS)
def test_the_cause_of_a_delay(elapsed: float, effort: Effort | None, cause: Cause | None) -> None:
    fault = fault_of_delay("was not ready", elapsed, 20.0, effort, "server.log")
    assert (fault and fault.cause) == cause


times = st.floats(0, 1e4)


@given(times, st.floats(0, 300), times, times)
def test_a_wait_ends_and_what_waits_for_a_processor_is_never_to_blame(
    elapsed: float, timeout: float, ran: float, waited: float
) -> None:
    fault = fault_of_delay("was not ready", elapsed, timeout, Effort(ran, min(waited, elapsed)), "log")
    if fault is None:
        assert elapsed < timeout + max(3 * timeout, 60)
    elif fault.cause is Cause.VERSION:
        assert elapsed - min(waited, elapsed) >= timeout
    assert fault_of_delay("was not ready", 1e9, timeout, Effort(ran, waited), "log") is not None


@pytest.mark.parametrize(
    ("error", "machine"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EROFS, "read-only"), True),
        (OSError(errno.EMFILE, "too many"), True),
        (ImportError("libx.so: failed to map segment: Cannot allocate memory"), True),
        (ImportError("cannot import name 'x'"), False),
        (FileNotFoundError(errno.ENOENT, "none"), False),
        (OSError("without a number"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_the_machine_lacks(error: Exception, machine: bool) -> None:
    assert of_the_machine(error) is machine
