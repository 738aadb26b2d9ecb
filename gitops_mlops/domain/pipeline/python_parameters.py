"""Parameters that stand in a Python file, as DVC finds them: read, never run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from gitops_mlops.domain.errors import ConfigError, FileProblemLine


def parse_python(content: bytes, path: str) -> dict[str, Any]:
    """Assignments of literals, by name: of the module, of classes, and to `self` in their `__init__`.

    Raises ConfigError for what is no Python.
    """
    try:
        return _assigned(ast.parse(content.decode("utf-8-sig"), filename=path).body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ConfigError([FileProblemLine(path, 0, 0, "", f"cannot be read ({error})")]) from error


def _assigned(body: Iterable[ast.stmt], of_self: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in body:
        if isinstance(one, ast.ClassDef):
            found[one.name] = _assigned(one.body)
        elif isinstance(one, ast.FunctionDef) and one.name == "__init__":
            found.update(_assigned(one.body, of_self=True))
        elif isinstance(one, ast.Assign | ast.AnnAssign) and (name := _target(one, of_self)) and one.value:
            # What has to be computed is no parameter.
            with suppress(ValueError):
                found[name] = ast.literal_eval(one.value)
    return found


def _target(one: ast.Assign | ast.AnnAssign, of_self: bool) -> str:
    targets = [one.target] if isinstance(one, ast.AnnAssign) else one.targets
    target = targets[0]
    if len(targets) > 1:
        return ""
    if isinstance(target, ast.Name):
        return "" if of_self else target.id
    return target.attr if isinstance(target, ast.Attribute) and _is_self(target.value) else ""


def _is_self(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "self"
