"""Functions of the project, out of its modules. Whoever loads one runs the project's code, in this process."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any

from gitops_mlops.domain.errors import MissingEvidence
from gitops_mlops.domain.faults import of_the_machine
from gitops_mlops.domain.shortening import first_line

# From a revision into a folder: its files as they would be checked out.
Export = Callable[[str, Path], None]


class ImportedFunctions:
    """Functions (`module:function`) of the project at `root`, or of what is installed."""

    def __init__(self, root: Path, export: Export) -> None:
        self._root = root.resolve()
        self._export = export
        # A function may import more of its project when it is called: the folders live as long as this does.
        self._exported: dict[str, tempfile.TemporaryDirectory[str]] = {}

    def load(self, reference: str, revision: str | None) -> Callable[..., Any]:
        """The function as it is at a revision, or in the working tree; see `ports.ProjectFunctions`."""
        name, _, attribute = reference.partition(":")
        try:
            with self._importing(revision), redirect_stdout(sys.stderr):
                function = getattr(importlib.import_module(name), attribute)
        except (Exception, SystemExit) as error:
            if of_the_machine(error):
                raise
            # Importing runs the project's code, which may raise anything.
            raise MissingEvidence(f"cannot be imported ({_reason(error)})", where=reference) from error
        if not callable(function):
            raise MissingEvidence("is not a function", where=reference)
        return _quiet(function)

    @contextmanager
    def _importing(self, revision: str | None) -> Iterator[None]:
        """The code of one revision can be imported, and none of another; what is imported is forgotten again."""
        code = self._root if revision is None else self._code(revision)
        before, path = set(sys.modules), sys.path
        others = [entry for entry in path if Path(entry or ".").resolve() not in (self._root, self._root / "src")]
        # Last, so that no file of the project takes the place of a module that our libraries import.
        sys.path = [*others, str(code), str(code / "src")]
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path = path
            for name in set(sys.modules) - before:
                if str(getattr(sys.modules[name], "__file__", None) or "").startswith(f"{code}/"):
                    del sys.modules[name]

    def _code(self, revision: str) -> Path:
        if revision not in self._exported:
            self._exported[revision] = tempfile.TemporaryDirectory(prefix="gitops-mlops-code-")
            self._export(revision, Path(self._exported[revision].name))
        return Path(self._exported[revision].name).resolve()


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """What it prints goes to standard error: standard output holds results."""

    @wraps(function)
    def quiet(*arguments: Any, **named: Any) -> Any:
        with redirect_stdout(sys.stderr):
            return function(*arguments, **named)

    return quiet


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {first_line(error)}"
