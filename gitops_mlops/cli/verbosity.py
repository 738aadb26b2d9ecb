"""`-v` and `-vv`: what a command does, line by line on standard error; see gitops_mlops/log.py."""

from __future__ import annotations

import logging
import os
import sys

from gitops_mlops.cli.streams import discard
from gitops_mlops.domain.secrets import masked, secret_values
from gitops_mlops.reports.rendering.workflow_commands import inert

_LOGGER = "gitops_mlops"
_LAYOUT = "%(asctime)s.%(msecs)03d %(levelname)-5s %(name)s: %(message)s"


class SecretFilter(logging.Filter):
    """Lets every record pass, without credentials: see `masked`."""

    def __init__(self) -> None:
        super().__init__()
        self._values = secret_values(os.environ)

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the whole message, arguments included, in place of the record's."""
        record.msg, record.args = masked(record.getMessage(), self._values), None
        return True


class LineFormatter(logging.Formatter):
    """One line a record, which neither a terminal nor GitHub's runner obeys: names and paths are strangers' text."""

    def __init__(self) -> None:
        super().__init__(_LAYOUT, "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return inert(super().format(record))


class ErrorStreamHandler(logging.Handler):
    """Lines on standard error as it is when they come; what it does not take is lost."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except OSError:
            discard(sys.stderr)


def begin(verbosity: int) -> None:
    """Write what is done (1) or in detail (2 and more) from now on."""
    end()
    handler = ErrorStreamHandler()
    handler.addFilter(SecretFilter())
    handler.setFormatter(LineFormatter())
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if verbosity == 1 else logging.DEBUG)
    logger.propagate = False


def end() -> None:
    """Be quiet again."""
    logger = logging.getLogger(_LOGGER)
    for handler in [one for one in logger.handlers if isinstance(one, ErrorStreamHandler)]:
        logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def traceback_lines(error: BaseException) -> list[str]:
    """Where an error was raised, as lines that can be shown anywhere."""
    import traceback

    values = secret_values(os.environ)
    shown = masked("".join(traceback.format_exception(error)), values)
    return [inert(line) for line in shown.splitlines()]
