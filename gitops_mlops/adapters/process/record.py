"""What this clone remembers of a place: which processes are its own. What they serve, they say themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gitops_mlops.adapters.process.identity import Identity


class Slot(BaseModel):
    """One server. `id` names its log and its control socket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    pid: int
    started: str
    digest: str
    since: datetime

    @property
    def process(self) -> Identity:
        """The process, wherever its number is in use now."""
        return Identity(self.pid, self.started)


class Refusal(BaseModel):
    """The last version that did not pass its health gate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    commit: str
    reason: str
    at: datetime


class Record(BaseModel):
    """The file of a place. `candidate` is set while the public socket changes hands, `draining` until it is gone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    current: Slot | None = None
    candidate: Slot | None = None
    draining: Slot | None = None
    stopped: bool = False
    refused: Refusal | None = None

    def slots(self) -> list[Slot]:
        """Every server that may still run."""
        return [slot for slot in (self.current, self.candidate, self.draining) if slot is not None]
