"""`python -m gitops_mlops.serving --bundle DIR`: serve one bundle until SIGTERM.

Once it answers, one line on standard output says so: `serving MODEL VERSION on http://HOST:PORT`; with
`--port 0` that is how to learn the port. Exit codes: 0 ended by SIGTERM with every request answered, 1 the
bundle is not what it claims to be, 2 wrong usage, 3 no bundle, or a package or its version is missing here, 4 this
machine failed (the address is taken, no memory, no disk), 70 a bug of ours, 130 ended by SIGINT;
with --lifeline-fd 143 ended before it was public.
"""

from __future__ import annotations

import argparse
import socket
import sys
import uuid
from pathlib import Path
from typing import NoReturn

from gitops_mlops.domain.digests import is_content_digest
from gitops_mlops.domain.errors import BUG, INTERRUPTED, MissingEvidence, MlopsError, PlaceError, UsageError
from gitops_mlops.domain.extras import missing_extra
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.runtime.bundle_lock import reading_bundle
from gitops_mlops.serving.output import complain

# See handover.py; instead of --host and --port.
_DESCRIPTORS = {
    "listen": "inherited private listening socket",
    "lifeline": "inherited socket on which the public one arrives",
    "control": "inherited Unix socket that lends the public one",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="--help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m gitops_mlops.serving", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="the bundle's folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="0 takes a free one (%(default)s)")
    parser.add_argument("--expect-digest", type=_digest, help="serve only the bundle sha256:…")
    parser.add_argument("--json", action="store_true", help="print its address as JSON")
    parser.add_argument("--allow-version-skew", action="store_true", help="accept another scikit-learn version")
    parser.add_argument("--log-dir", type=Path, metavar="DIR", help="keep predictions and feedback here (off)")
    parser.add_argument("--log-exclude", action="append", default=[], metavar="COLUMN", help="input not to keep")
    parser.add_argument("--log-seconds", type=_positive, default=60.0, help="close a log file after (%(default)s)")
    parser.add_argument("--log-keep-days", type=_positive, help="delete log files older than this (never)")
    parser.add_argument("--access-log", action="store_true", help="log each request to standard error")
    parser.add_argument("--max-body", type=_count, default=1024 * 1024, help="bytes in a request (%(default)s)")
    parser.add_argument("--max-rows", type=_count, default=10_000, help="rows in a request (%(default)s)")
    parser.add_argument("--max-concurrency", type=_count, default=64, help="requests at once (%(default)s)")
    parser.add_argument("--body-seconds", type=_positive, default=10.0, help="to send a body (%(default)s)")
    for name, what in _DESCRIPTORS.items():
        parser.add_argument(f"--{name}-fd", type=_count, metavar="N", help=f"{what}; all three or none")
    parser.add_argument("--drain-seconds", type=_seconds, default=0.0, help="not ready before the end (%(default)s)")
    return parser


def main(words: list[str]) -> int:
    """Serve; the exit code."""
    try:
        return _serve(_parser().parse_args(words))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        line, code = _explained(error)
        complain(f"error: {line}")
        return code


def _explained(error: Exception) -> tuple[str, int]:
    """An error in one line, and the exit code for it."""
    reason = f"{type(error).__name__}: {error}".partition("\n")[0]
    error = missing_extra(error) or error
    match error:
        case MlopsError():
            return str(error).replace("\n", "; "), error.exit_code
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror or reason} → repair this machine", PlaceError.exit_code
        case _ if of_the_machine(error):
            return f"the memory of this machine is full ({reason}) → give it more", PlaceError.exit_code
        case ImportError():
            return f"an installed package does not fit ({reason})", MissingEvidence.exit_code
        case _:
            return f"this is a bug in gitops-mlops ({reason}) → report it", BUG


def _serve(options: argparse.Namespace) -> int:
    # The address first: a port that is taken is said before a model takes seconds to load.
    from gitops_mlops.serving.server import ModelServer, reserve, start_listening, uvicorn_config

    lifeline, control, inherited = _inherited(options)
    listener = inherited or reserve(options.host, options.port)
    from gitops_mlops.runtime.served_model import load_bundle
    from gitops_mlops.serving.app import ModelService, RequestLimits
    from gitops_mlops.serving.metrics import ServerMetrics

    with listener, reading_bundle(options.bundle):
        served = load_bundle(
            options.bundle, expect_digest=options.expect_digest or "", allow_version_skew=options.allow_version_skew
        )
        for warning in served.warnings:
            complain(f"warning: {warning}")
        metrics = ServerMetrics(served.bundle, served.digest)
        log = None
        if options.log_dir is not None:
            from gitops_mlops.serving.prediction_log import PredictionLog

            log = PredictionLog(
                options.log_dir,
                served,
                uuid.uuid4().hex[:8],
                metrics.count_logged,
                exclude=options.log_exclude,
                seconds=options.log_seconds,
                keep_days=options.log_keep_days,
            )
        limits = RequestLimits(
            body=options.max_body,
            rows=options.max_rows,
            concurrency=options.max_concurrency,
            body_seconds=options.body_seconds,
        )
        service = ModelService(served, metrics, limits, log)
        app = service.app(options.access_log)
        if lifeline is not None and control is not None:
            from gitops_mlops.serving.handover import HandoverServer

            server: ModelServer = HandoverServer(app, limits, service, lifeline, control)
        else:
            server = ModelServer(uvicorn_config(app, limits), service, options.drain_seconds)
        server.announce_json = options.json
        start_listening(listener)
        server.run(sockets=[listener])
        return server.exit_code


def _inherited(
    options: argparse.Namespace,
) -> tuple[socket.socket | None, socket.socket | None, socket.socket | None]:
    """The lifeline, the control socket and the private listener, or nothing. Raises UsageError."""
    numbers = (options.lifeline_fd, options.control_fd, options.listen_fd)
    if numbers == (None, None, None):
        return None, None, None
    if None in numbers:
        raise UsageError(f"--{', --'.join(_DESCRIPTORS)} belong together", hint="--help")
    try:
        lifeline, control, listener = (socket.socket(fileno=number) for number in numbers)
    except OSError as error:
        raise UsageError(
            f"not a socket ({error.strerror})", where="--listen-fd, --lifeline-fd or --control-fd"
        ) from error
    return lifeline, control, listener


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not int(text[:18]) >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to a million")
    return number


def _positive(text: str) -> float:
    number = _seconds(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return number


def _digest(text: str) -> str:
    if not is_content_digest(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a digest (sha256: and 64 hexadecimal digits)")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
