"""Where in a contract the check stands that data breaks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gitops_mlops.domain.contracts.validation import Validation, Violation
from gitops_mlops.domain.document.yaml import Path, parse_yaml
from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.names import column_label

_KEYS = {"nulls": "nullable", "finite": "infinite"}
"""Checks that are called otherwise than the key that asks for them."""


def violated_lines(validation: Validation, contract: bytes) -> list[FileProblemLine]:
    """A problem for each violation, at the line of the check in the contract's file.

    What a contract requires without a line of its own (`nullable` is false unless it says so) is at its column's. A
    pandera model gives the line of its field, or else of its class.
    """
    return list(_problems(validation, contract))


def _problems(validation: Validation, contract: bytes) -> Iterator[FileProblemLine]:
    file, _, class_name = validation.contract.partition(":")
    document = None if class_name else parse_yaml(contract, file)
    for violation in validation.findings.violations:
        where = f"{validation.dataset}: {column_label(violation.column)} {violation.check}"
        if document is None:
            line, column = _in_class(contract, class_name, violation.column or "")
        else:
            at = document.problem(_path(violation), "")
            line, column = at.line, at.column
        yield FileProblemLine(file, line, column, where, _words(violation))


def _path(violation: Violation) -> Path:
    key = _KEYS.get(violation.check, violation.check)
    return (key,) if violation.column is None or key == "strict" else ("columns", violation.column, key)


def _in_class(source: bytes, name: str, field: str) -> tuple[int, int]:
    nodes = list(ast.walk(ast.parse(source)))
    found: ast.stmt | None = None
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name == name:
            found = next((one for one in node.body if _annotates(one, field)), node)
    return (found.lineno, found.col_offset + 1) if found else (0, 0)


def _annotates(node: ast.stmt, field: str) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == field


def _words(violation: Violation) -> str:
    rows = "" if violation.rows is None else f"{violation.rows:,} rows: "
    shown = violation.samples[:3]
    first = f" (first at row {', '.join(str(one.row) for one in shown)})" if shown and shown[0].row else ""
    return f"{rows}{violation.message}{first}"
