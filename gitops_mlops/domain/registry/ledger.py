"""The ledger: what happened, as events that are appended and never changed.

It is a set that only grows: an event is known by its run, so the same event recorded twice is one, and two
histories are merged by keeping the lines of both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

BRANCH = "mlops-ledger"
MODELS = "models"
ENVIRONMENTS = "environments"

# Kinds of events beside the words of the registry's actions, and how they can end.
DEPLOYMENT = "deployment"
# A commit that `release` judged, whatever came of it.
RELEASE = "release"
WITHDRAWAL = "withdrawal"
DONE = "done"
DEPLOYED = "deployed"
REFUSED = "refused"
STOPPED = "stopped"
FAILED = "failed"

# As we write it; a quote inside of a JSON text is escaped, so that no value can imitate this.
_RUN = re.compile(r'\{"eventType": "([A-Z]+)", .*?"run": \{"runId": "([0-9a-f-]{36})"')


class LedgerEvent(NamedTuple):
    """One thing that happened to a model. What an event does not have is "".

    `kind` is the registry's action (`registration`, `assignment`, ...), `deployment`, `release` or `withdrawal`;
    `environment` is the stage of an assignment; `result` is `deployed`, `refused` (a verdict against the version),
    `failed` (no fault of the version: `reason` begins with the cause) or `stopped` for a deployment, `done` for all
    else. `run` is a UUID that follows from what makes the event this one: its tag, commit and moment, or what was
    deployed, where and when. `replaces` is the version before, `bundle` the digest of what was served, `withdraws`
    the run that a withdrawal takes back.
    """

    moment: datetime
    kind: str
    model: str
    version: str
    commit: str
    environment: str = ""
    tag: str = ""
    result: str = DONE
    run: str = ""
    by: str = ""
    reason: str = ""
    replaces: str = ""
    model_sha256: str = ""
    bundle: str = ""
    address: str = ""
    withdraws: str = ""

    @property
    def file(self) -> str:
        """Where it stands on the branch: by model or environment, and month (UTC)."""
        folder = environment_folder(self.environment) if self.kind == DEPLOYMENT else model_folder(self.model)
        return f"{folder}/{self.moment.year:04}-{self.moment.month:02}.jsonl"


class LedgerFinding(NamedTuple):
    """Something about the ledger. `wrong`: it contradicts the repository or itself.

    Else it lacks something, or is worth knowing: `kind` is then that of the event, for instance a withdrawal.
    """

    wrong: bool
    where: str
    message: str
    hint: str
    kind: str = ""


def model_folder(model: str) -> str:
    """The folder of a model's registry events. `dir:name` and `a/b` are one name, and so one part of the path."""
    return f"{MODELS}/{quote(model, safe='')}"


def environment_folder(environment: str) -> str:
    """The folder of an environment's deployments."""
    return f"{ENVIRONMENTS}/{quote(environment, safe='')}"


def line_key(line: str) -> tuple[str, str]:
    """What makes a line the one it is: how its run goes on there, and which it is; else every character."""
    match = _RUN.match(line)
    return (match[1], match[2]) if match else (line, "")


def appended(text: str, lines: Iterable[str], key: Callable[[str], object] = str) -> str:
    """`text` with those lines that it lacks by their key; a last line that was not ended is ended first."""
    known = {key(line) for line in text.split("\n")}
    new = list({key(line): line for line in reversed(list(lines)) if key(line) not in known}.values())[::-1]
    if not new:
        return text
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}" + "".join(f"{line}\n" for line in new)


def distinct(events: Iterable[LedgerEvent]) -> list[LedgerEvent]:
    """Each run once, the oldest first; of lines that contradict each other the first read counts."""
    first: dict[str, LedgerEvent] = {}
    for event in events:
        first.setdefault(event.run, event)
    return sorted(first.values(), key=lambda event: (event.moment, event.run))


def contradictions(events: Iterable[LedgerEvent]) -> Iterator[tuple[LedgerEvent, LedgerEvent]]:
    """Pairs of events that claim to be the same run and tell different things."""
    first: dict[str, LedgerEvent] = {}
    for event in events:
        before = first.setdefault(event.run, event)
        if before != event:
            yield before, event
