"""The ledger as aligned text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.registry.ledger import LedgerEvent, LedgerFinding
from gitops_mlops.reports.rendering.terminal import printable, table

_NONE = "–"


def ledger_text(events: Sequence[LedgerEvent]) -> str:
    """One event a line."""
    if not events:
        return "Nothing is recorded → gitops-mlops ledger sync records the events of the tags"
    rows = [
        [
            event.moment.strftime("%Y-%m-%d %H:%M:%S"),
            event.kind,
            event.model,
            event.version or _NONE,
            event.environment or _NONE,
            event.result,
            short_sha(event.commit),
            event.reason or (f"replaces {event.replaces}" if event.replaces else ""),
        ]
        for event in events
    ]
    return table(["TIME (UTC)", "WHAT", "MODEL", "VERSION", "STAGE", "RESULT", "COMMIT", "WHY"], rows)


def findings_text(findings: Sequence[LedgerFinding]) -> str:
    """One finding a line."""
    if not findings:
        return "The ledger agrees with the tags, the commits and its own history"
    return "\n".join(
        printable(f"{'wrong' if finding.wrong else 'warning'}: {finding.where}: {finding.message} → {finding.hint}")
        for finding in findings
    )


def sync_text(done: Mapping[str, Any]) -> str:
    """How many events were added, and whether they were sent."""
    added = done["added"]
    return f"{added} event{'' if added == 1 else 's'} recorded{', pushed' if done['pushed'] else ''}"
