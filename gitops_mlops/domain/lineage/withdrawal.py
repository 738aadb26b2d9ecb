"""Which of the ledger's events were taken back: of tags that were never pushed, and on which nothing was built.

A withdrawal is an event like any other. It makes the ledger accept that a tag is not there, and nothing else: its
name is never given again, another tag under it still contradicts the ledger, and so does the tag itself where some
clone has it. So it cannot hide a tag that was moved, nor one that was used.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime

from gitops_mlops.domain.lineage.openlineage import withdrawal_run
from gitops_mlops.domain.registry.ledger import DEPLOYMENT, RELEASE, WITHDRAWAL, LedgerEvent
from gitops_mlops.domain.registry.reactivation import RETIREMENTS
from gitops_mlops.domain.registry.tags import TagAction, parse_tag_name

UNSHARED = "its tag was deleted before it was pushed"


def withdrawal_command(tag: str) -> str:
    """The command that takes a tag back; of one that took something out of use, with the word that it may return."""
    name = parse_tag_name(tag)
    revive = ["--revive"] if name and name.action in RETIREMENTS else []
    return shlex.join(["gitops-mlops", "ledger", "withdraw", tag, "--reason", "WHY", *revive])


def withdraw(event: LedgerEvent, moment: datetime, by: str, reason: str) -> LedgerEvent:
    """The event that takes another one back."""
    facts = {"kind": WITHDRAWAL, "moment": moment, "by": by, "reason": reason, "withdraws": event.run}
    taken = event._replace(**facts, replaces="", model_sha256="")  # type: ignore[arg-type]
    return taken._replace(run=withdrawal_run(taken))


def withdrawals(events: Sequence[LedgerEvent]) -> dict[str, LedgerEvent]:
    """The withdrawals that count, by the run that each takes back."""
    runs = {event.run: event for event in events if event.tag and event.kind != WITHDRAWAL}
    named = {event.withdraws: event for event in reversed(events) if event.kind == WITHDRAWAL}
    return {
        run: event
        for run, event in named.items()
        if run in runs and (event.tag, event.model) == (runs[run].tag, runs[run].model)
        if not built_on(runs[run], [each for each in events if each.run not in named])
    }


def built_on(event: LedgerEvent, events: Iterable[LedgerEvent]) -> LedgerEvent | None:
    """The first other event that could not be without this one; None when there is none.

    On a version: its deployments, its assignments, and what took it out of use or out of a stage. On an assignment:
    the deployments of its version in its environment from then on, unless another assignment may have led to them.
    """
    what = event.model, event.version, event.commit
    others = [each for each in events if each.run != event.run and each.kind not in (WITHDRAWAL, RELEASE)]
    same = [each for each in others if (each.model, each.version, each.commit) == what]
    if event.kind == TagAction.REGISTER:
        again = any(each.kind == TagAction.REGISTER for each in same)
        return None if again else next((each for each in same), None)
    if event.kind != TagAction.ASSIGN:
        return None
    here = [each for each in same if each.environment == event.environment]
    if any(each.kind == TagAction.ASSIGN for each in here):
        return None
    return next((each for each in here if each.kind == DEPLOYMENT and each.moment >= event.moment), None)
