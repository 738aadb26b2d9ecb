"""Another program in place of this one: same process id, so signals and the exit code are its own."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import gitops_mlops
from gitops_mlops.domain.errors import ExternalError


def become(module: str, words: Sequence[str]) -> NoReturn:
    """Run a module of this very installation with `words`, as `python -m` would. Raises OutsideError.

    Python is told (`-P`) not to look for modules in the current folder, which may be anybody's.
    """
    environment = dict(os.environ)
    source = str(Path(gitops_mlops.__file__).parents[1])
    if source not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        # Run from a checkout: the other program must find the same code.
        environment["PYTHONPATH"] = os.pathsep.join([source, *filter(None, [environment.get("PYTHONPATH")])])
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(sys.executable, [sys.executable, "-P", "-m", module, *words], environment)  # noqa: S606
    except OSError as error:
        raise ExternalError(f"cannot be run ({error.strerror})", where=sys.executable) from error
