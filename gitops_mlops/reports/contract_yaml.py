"""A contract as YAML that people read and go on writing."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import yaml

from gitops_mlops.domain.contract_infer import InferredContract
from gitops_mlops.reports.terminal import printable

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def contract_yaml(inferred: InferredContract) -> str:
    """The contract with a comment beside each column that has something to be known about it."""
    contract = inferred.contract
    lines = [
        "# A first contract, to be read and corrected: bounds are natural or widened, never those of the sample.",
        "version: 1",
        f"description: {_scalar(contract.description)}",
        f"strict: {_scalar(contract.strict)}"
        + ("  # columns left out below would be refused" if not contract.strict else ""),
        f"rows: {{min: {contract.rows.min}}}",
        "# unique: [[column, column]]  # columns that identify a row together",
        "columns:",
    ]
    for name, column in contract.columns.items():
        fields = column.model_dump(mode="json", by_alias=True, exclude_unset=True)
        body = ", ".join(f"{key}: {_flow(value)}" for key, value in fields.items())
        notes = "; ".join(inferred.notes.get(name, ()))
        lines.append(f"  {_scalar(name)}: {{{body}}}" + (f"  # {printable(notes)}" if notes else ""))
    lines += [
        f"  # {printable(name)} is left out: a contract cannot describe {printable(found)}"
        for name, found in inferred.skipped.items()
    ]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    return f"[{', '.join(_scalar(item) for item in value)}]" if isinstance(value, list | tuple) else _scalar(value)


def _scalar(value: Any) -> str:
    """One value on one line, quoted where YAML would read it as something else."""
    if isinstance(value, str) and _BARE.match(value) and yaml.safe_load(value) == value:
        return value
    if isinstance(value, str):
        # Double quotes hold any text: a line break or a control character is escaped.
        return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=2**31)).strip()
    if isinstance(value, date):
        return value.isoformat()
    return str(yaml.safe_dump(value, width=2**31)).removesuffix("...\n").strip()
