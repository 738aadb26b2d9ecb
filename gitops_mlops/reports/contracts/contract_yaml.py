"""A contract as YAML that people read and go on writing."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

from gitops_mlops.domain.contracts.inference import InferredContract
from gitops_mlops.reports.rendering.terminal import printable

_LONG_KEY = 1_000
_NUMBERS = yaml.representer.SafeRepresenter()
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def contract_yaml(inferred: InferredContract) -> str:
    """The contract with a comment beside each column that has something to be known about it."""
    contract = inferred.contract
    lines = [
        "# A first contract, to be read and corrected: bounds are natural or widened, never those of the sample.",
        "version: 1",
        f"description: {_scalar(contract.description)}",
        f"strict: {_scalar(contract.strict)}",
        f"rows: {{min: {contract.rows.min}}}",
        "# unique: [[column, column]]  # columns that identify a row together",
    ]
    if contract.unchecked:
        lines.append("unchecked:  # columns of the table whose type and values are not checked")
    for name in contract.unchecked:
        why = inferred.skipped.get(name)
        lines.append(f"  - {_scalar(name)}" + (f"  # {printable(why)}" if why else ""))
    lines.append("columns:")
    for name, column in contract.columns.items():
        fields = column.model_dump(mode="json", by_alias=True, exclude_unset=True)
        body = ", ".join(f"{key}: {_flow(value)}" for key, value in fields.items())
        notes = "; ".join(inferred.notes.get(name, ()))
        lines.append(f"  {_key(name)}: {{{body}}}" + (f"  # {printable(notes)}" if notes else ""))
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    """A name as a key of a mapping; YAML wants a question mark before one of more than 1,024 characters."""
    key = _scalar(name)
    return key if len(key) < _LONG_KEY else f"? {key}\n  "


def _flow(value: Any) -> str:
    return f"[{', '.join(_scalar(item) for item in value)}]" if isinstance(value, list | tuple) else _scalar(value)


@lru_cache(maxsize=1000, typed=True)
def _scalar(value: Any) -> str:
    """One value on one line, quoted where YAML would read it as something else."""
    if isinstance(value, str) and _BARE.match(value) and not _means_something(value):
        return value
    if isinstance(value, str):
        # Double quotes hold any text: a line break or a control character is escaped.
        return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=2**31)).strip()
    if isinstance(value, date):
        return value.isoformat()
    return str(_NUMBERS.represent_data(value).value)


def _means_something(word: str) -> bool:
    """Whether YAML reads a bare word as a truth value, a null or a number."""
    forms = yaml.SafeLoader.yaml_implicit_resolvers.get(word[0], [])
    return any(form.match(word) for _, form in forms)
