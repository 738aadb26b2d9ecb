"""What this clone remembers of a place: which processes are its own. What they serve, they say themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gitops_mlops.adapters.targets.process.identity import ProcessIdentity


class ServerSlot(BaseModel):
    """One server. `id` names its log and its control socket; `host` and `port` are what it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    pid: int
    started: str
    digest: str
    host: str
    port: int
    since: datetime

    @property
    def process(self) -> ProcessIdentity:
        """The process, wherever its number is in use now."""
        return ProcessIdentity(self.pid, self.started)


class RefusedVersion(BaseModel):
    """The last version that did not come to serve. `cause` says what is to blame, `repair` what to do about it.

    `attempts` is how often that came in a row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    commit: str
    reason: str
    at: datetime
    cause: str = "version"
    repair: str = ""
    attempts: int = 1


class PlaceRecord(BaseModel):
    """The file of a place. `candidate` is set while the public socket changes hands, `draining` until it is gone.

    `previous` is the digest of the bundle that ran before the current one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    current: ServerSlot | None = None
    candidate: ServerSlot | None = None
    draining: ServerSlot | None = None
    stopped: bool = False
    refused: RefusedVersion | None = None
    previous: str = ""

    def slots(self) -> list[ServerSlot]:
        """Every server that may still run."""
        return [slot for slot in (self.current, self.candidate, self.draining) if slot is not None]

    def before(self, digest: str = "") -> str:
        """What will have run before `digest`: the current bundle, when it is another one."""
        return self.current.digest if self.current and self.current.digest != digest else self.previous
