"""The `process` target: start a server beside the current one, let it take over the port, end the old one."""

from __future__ import annotations

import secrets
import socket
import subprocess
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from gitops_mlops.adapters.targets.process.child import last_lines, launch
from gitops_mlops.adapters.targets.process.effort import effort
from gitops_mlops.adapters.targets.process.identity import ProcessIdentity
from gitops_mlops.adapters.targets.process.place_lock import locked_environment
from gitops_mlops.adapters.targets.process.record import PlaceRecord, ServerSlot
from gitops_mlops.adapters.targets.process.records import Records
from gitops_mlops.adapters.targets.process.sockets import borrow_public, public_socket, publish
from gitops_mlops.domain.deployment.reconciliation import (
    CandidateServer,
    FailedVersion,
    ObservedPlace,
    Place,
    TargetHold,
)
from gitops_mlops.domain.errors import PlaceError
from gitops_mlops.domain.faults import Effort, Ending
from gitops_mlops.domain.ports import Clock, Files

# The server gives its clients 8 seconds to finish.
_DRAIN = 10.0
_LOGS_KEPT = 5


@dataclass
class _StartedServer:
    """What is needed of a candidate until it has taken over or was discarded."""

    slot: ServerSlot
    process: subprocess.Popen[bytes]
    lifeline: socket.socket
    public: socket.socket | None


class ProcessTarget:
    """Servers as processes of this machine; their records lie below `processes` of `files`."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._records = Records(files)
        self._started: dict[str, _StartedServer] = {}

    def exclusive(self, environment: str) -> AbstractContextManager[None]:
        """Hold an environment for one deploy; another one waits. Raises PlaceError after five minutes."""
        return locked_environment(self._files, environment)

    def look(self, place: Place) -> ObservedPlace:
        """What is known of the process behind a place."""
        record = self._records.read(place)
        failure = self._records.failure(place)
        alive = [slot for slot in (record.current, record.candidate) if slot and slot.process.alive()]
        if alive:
            return ObservedPlace(TargetHold.ALIVE, alive[0].since, failure=failure)
        if record.stopped:
            return ObservedPlace(TargetHold.STOPPED, failure=failure)
        if record.current is not None:
            return ObservedPlace(
                TargetHold.ENDED, record.current.since, f"its process {record.current.pid} is gone", failure
            )
        return ObservedPlace(TargetHold.ABSENT, failure=failure)

    def start(self, place: Place, bundle: Path, digest: str) -> CandidateServer:
        """Start a server beside the current one; it listens on a private port only.

        Raises PlaceError when the public port is another's, before anything is started.
        """
        current = self._settle(place).current
        public = self._borrow(place, current) if current else None
        if public is None and current is None:
            # A foreign process on the port is found before anything starts.
            public = public_socket(place.host, place.port)
        identity = secrets.token_hex(4)
        try:
            started, address = self._spawn(place, identity, bundle, digest, public)
        except BaseException:
            if public is not None:
                public.close()
            raise
        self._started[identity] = started
        return CandidateServer(identity, address, str(self._records.path(place, identity, "log")))

    def ended(self, candidate: CandidateServer) -> Ending | None:
        """How a candidate ended, before or after it took over; None while it lives."""
        code = self._started[candidate.id].process.poll()
        return None if code is None else Ending(code, last_lines(Path(candidate.log)))

    def effort(self, candidate: CandidateServer) -> Effort | None:
        """What a candidate that lives had of this machine since it was started; None when nobody can tell."""
        started = self._started[candidate.id]
        wall = (self._clock.now() - started.slot.since).total_seconds()
        return effort(started.process.pid, wall)

    def remember(self, place: Place, failure: FailedVersion) -> None:
        """Keep why a version does not serve here."""
        self._records.remember(place, failure)

    def switch(self, place: Place, candidate: CandidateServer) -> None:
        """Let a candidate take over the public port, then end the server before it.

        Raises PlaceError, with the server before it still serving, when the port does not change hands.
        """
        started = self._started[candidate.id]
        before = self._records.read(place)
        # Whoever finds this record after a crash asks the candidate whether it got the port.
        self._records.write(place, before.model_copy(update={"candidate": started.slot}))
        try:
            self._hand_over(place, before, started)
        except BaseException:
            started.slot.process.end(_DRAIN)
            self._records.write(place, before)
            self._forget(place, started.slot)
            raise
        current = started.slot.model_copy(update={"since": self._clock.now()})
        after = PlaceRecord(current=current, previous=before.before(current.digest))
        self._records.write(place, after.model_copy(update={"draining": before.current}))
        if before.current is not None:
            before.current.process.end(_DRAIN)
            self._records.write(place, after)
            self._forget(place, before.current)

    def discard(self, place: Place, candidate: CandidateServer) -> None:
        """End a candidate that did not take over."""
        started = self._started.pop(candidate.id)
        started.lifeline.close()
        if started.public is not None:
            started.public.close()
        started.slot.process.end(_DRAIN)
        started.process.wait()
        self._forget(place, started.slot)

    def stop(self, place: Place) -> bool:
        """End what runs here, on purpose; whether anything ran."""
        record = self._records.read(place)
        alive = [slot for slot in record.slots() if slot.process.alive()]
        for slot in record.slots():
            slot.process.end(_DRAIN)
            self._forget(place, slot)
        if record.slots():
            self._records.write(place, PlaceRecord(stopped=True, refused=record.refused, previous=record.before()))
        return bool(alive)

    def known(self) -> list[Place]:
        """The places where a server that this clone started still runs."""
        return [
            Place(environment, model, slot.host, slot.port)
            for environment, model, record in self._records.all()
            if (slot := next((slot for slot in record.slots() if slot.process.alive()), None))
        ]

    def bundles(self) -> set[str]:
        """The digests of the bundles that run, or ran last, and of the one before at each place."""
        records = [record for _, _, record in self._records.all()]
        running = {slot.digest for record in records for slot in record.slots()}
        return running | {record.previous for record in records if record.previous}

    def _spawn(
        self, place: Place, identity: str, bundle: Path, digest: str, public: socket.socket | None
    ) -> tuple[_StartedServer, str]:
        log, control = self._records.path(place, identity, "log"), self._records.path(place, identity, "sock")
        child = launch(bundle, digest, log, control, self._records.predictions(place))
        # Until it has the public socket the server ends when `lifeline` does, so that nothing is orphaned.
        born = ProcessIdentity.of(child.process.pid)
        started = born.started if born else ""
        slot = ServerSlot(
            id=identity,
            pid=child.process.pid,
            started=started,
            digest=digest,
            host=place.host,
            port=place.port,
            since=self._clock.now(),
        )
        return _StartedServer(slot, child.process, child.lifeline, public), f"http://127.0.0.1:{child.port}"

    def _hand_over(self, place: Place, before: PlaceRecord, started: _StartedServer) -> None:
        public = started.public
        if public is None:
            # The current server does not lend its port (it hangs, or its control socket was deleted).
            if before.current is not None:
                before.current.process.end(_DRAIN)
            public = public_socket(place.host, place.port)
        with public, started.lifeline:
            if problem := publish(started.lifeline, public):
                raise PlaceError(f"{place} could not take over the port: {problem}", where=place.address)

    def _settle(self, place: Place) -> PlaceRecord:
        """What is true after a deploy that was cut off: who has the public socket serves, the rest ends."""
        record = self._records.read(place)
        current, draining = record.current, [record.draining]
        if record.candidate is not None:
            public = self._borrow(place, record.candidate)
            if public is not None:
                public.close()
                current, draining = record.candidate, [record.draining, record.current]
            else:
                draining.append(record.candidate)
        for slot in draining:
            if slot is not None:
                slot.process.end(_DRAIN)
                self._forget(place, slot)
        if current is not None and not current.process.alive():
            self._forget(place, current)
            current = None
        settled = PlaceRecord(
            current=current,
            stopped=record.stopped,
            refused=record.refused,
            previous=record.before(current.digest if current else ""),
        )
        if record.candidate is not None or record.draining is not None:
            self._records.write(place, settled)
        return settled

    def _borrow(self, place: Place, slot: ServerSlot) -> socket.socket | None:
        return borrow_public(self._records.path(place, slot.id, "sock"), place.host, place.port)

    def _forget(self, place: Place, slot: ServerSlot) -> None:
        """Remove a server's control socket, and all but the newest logs of the place."""
        self._records.path(place, slot.id, "sock").unlink(missing_ok=True)
        logs = self._records.path(place, "*", "log")
        written = sorted(logs.parent.glob(logs.name), key=lambda path: path.stat().st_mtime)
        for path in written[:-_LOGS_KEPT]:
            path.unlink(missing_ok=True)
