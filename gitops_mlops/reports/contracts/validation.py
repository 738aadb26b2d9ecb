"""Validations and contract changes, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gitops_mlops.domain.contracts.validation import Validation, Violation
from gitops_mlops.domain.names import column_label
from gitops_mlops.reports.rendering.terminal import printable, table

if TYPE_CHECKING:
    from gitops_mlops.domain.contracts.compatibility import ContractChange

_SHOWN = 3


def validations_text(validations: Sequence[Validation]) -> str:
    """One block a dataset: the verdict, then each broken rule with its count and first rows."""
    return "\n".join(_block(one) for one in validations)


def _block(validation: Validation) -> str:
    rows = validation.findings.rows
    name = printable(f"{validation.dataset} ({validation.path}, {validation.contract})")
    if validation.passed:
        return f"ok    {name}: {rows:,} rows keep the contract"
    violations = validation.findings.violations
    rules = "rule is" if len(violations) == 1 else "rules are"
    head = f"FAIL  {name}: {len(violations)} {rules} broken, {rows:,} rows read"
    lines = [
        (column_label(one.column), one.check, _count(one), _share(one, rows), one.message, _examples(one))
        for one in violations
    ]
    return f"{head}\n" + _indented(
        table(["column", "check", "rows", "share", "what is wrong", "first rows"], lines, right=(2, 3))
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _count(violation: Violation) -> str:
    return "" if violation.rows is None else f"{violation.rows:,}"


def _share(violation: Violation, rows: int) -> str:
    if violation.rows is None or not rows:
        return ""
    share = violation.rows / rows
    # One row of a million is not "0.00%".
    return "<0.01%" if share < 0.0001 else f"{share:.2%}"


def _examples(violation: Violation) -> str:
    shown = [
        f"row {sample.row}: {', '.join(f'{name}={_value(value)}' for name, value in sample.values.items())}"
        for sample in violation.samples[:_SHOWN]
    ]
    return "; ".join(shown)


def _value(value: Any) -> str:
    return "null" if value is None else repr(value) if isinstance(value, str) else str(value)


def changes_text(changes: Sequence[ContractChange]) -> str:
    """One line a change, the worst first, and what it means in all."""
    if not changes:
        return "The contracts say the same."
    order = ["breaking", "serving-breaking", "tightening", "compatible"]
    worst = sorted(changes, key=lambda change: order.index(change.kind))
    lines = [
        (one.kind, column_label(one.column), one.change, ", ".join(one.breaks) or "-", one.message) for one in worst
    ]
    broken = [party for party in ("readers", "writers", "serving") if any(party in one.breaks for one in changes)]
    verdict = f"Breaks {', '.join(broken)}." if broken else "Breaks nothing."
    tightened = any(one.tightens for one in changes)
    advice = " Tightenings hold only if the data passes: run gitops-mlops validate." if tightened else ""
    return table(["kind", "column", "change", "breaks", "what"], lines) + f"\n\n{verdict}{advice}"
