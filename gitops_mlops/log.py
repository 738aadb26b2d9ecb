"""The logger of a module: the standard library's, imported by whoever wants to hear it.

`import logging` takes longer than `show` has to spare. A process that never imported it has nobody who listens, so
a line costs a look into `sys.modules` there. `-v` imports it (cli/verbosity.py), and so does a program that imports
us and configures `logging.getLogger("gitops_mlops")`.
"""

from __future__ import annotations

import sys

_INFO, _DEBUG = 20, 10


class Logger:
    """Lines of the module `name`: `logging.getLogger(name)`, quiet until somebody listens.

    Arguments go into the message as `logging` does it, and only when somebody listens.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def info(self, message: str, *values: object) -> None:
        """What is done (`-v`): a process, a request, a file, a decision."""
        self._log(_INFO, message, values)

    def debug(self, message: str, *values: object) -> None:
        """Details (`-vv`): arguments, sizes, what a cache had."""
        self._log(_DEBUG, message, values)

    def _log(self, level: int, message: str, values: tuple[object, ...]) -> None:
        if (logging := sys.modules.get("logging")) is not None:
            logging.getLogger(self.name).log(level, message, *values, stacklevel=3)
