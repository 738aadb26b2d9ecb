"""The records of all places of a clone, as files below `processes`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from pydantic import ValidationError

from gitops_mlops.adapters.targets.process.record import PlaceRecord, RefusedVersion
from gitops_mlops.domain.deployment.reconciliation import FailedVersion, Place
from gitops_mlops.domain.errors import ExternalError, PlaceError
from gitops_mlops.domain.faults import Cause
from gitops_mlops.domain.ports import Files

STATE = "processes"
PREDICTIONS = "predictions"
REPAIR = "make the folder writable, free disk space, or name another folder with --state"


class Records:
    """What is remembered of each place. What cannot be written is remembered for as long as this command runs."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._unwritten: dict[tuple[str, str], FailedVersion] = {}

    def all(self) -> Iterator[tuple[str, str, PlaceRecord]]:
        """Every place of this clone, by environment and model, whatever the configuration says."""
        for path in sorted(self._files.resolve(STATE).glob("*/*.json")):
            environment, model = unquote(path.parent.name), unquote(path.stem)
            yield environment, model, self.read(Place(environment, model, "", 0))

    def read(self, place: Place) -> PlaceRecord:
        """The record of a place. Raises PlaceError when it is damaged."""
        path = self._file(place)
        content = self._files.read(path)
        if content is None:
            return PlaceRecord()
        try:
            return PlaceRecord.model_validate_json(content)
        except ValidationError as error:
            raise PlaceError(
                "not a record that a deploy wrote",
                where=str(self._files.resolve(path)),
                hint="end the server it was for, then delete the file",
            ) from error

    def write(self, place: Place, record: PlaceRecord) -> None:
        """Replace the record of a place. Raises PlaceError when the disk does not take it."""
        try:
            self._files.write(self._file(place), record.model_dump_json(indent=1).encode() + b"\n")
        except ExternalError as error:
            raise PlaceError(error.message, where=error.where, hint=REPAIR) from error

    def failure(self, place: Place) -> FailedVersion | None:
        """The last version that did not come to serve at a place, and why."""
        unwritten = self._unwritten.get((place.environment, place.model))
        if unwritten is not None:
            return unwritten
        kept = self.read(place).refused
        if kept is None:
            return None
        return FailedVersion(
            kept.version, kept.commit, kept.reason, kept.at, Cause(kept.cause), kept.repair, kept.attempts
        )

    def remember(self, place: Place, failure: FailedVersion) -> None:
        """Keep why a version did not come to serve, and how often; on a full disk only until this command ends."""
        before = self.failure(place)
        if before is not None and (before.commit, before.cause) == (failure.commit, failure.cause):
            failure = replace(failure, attempts=before.attempts + 1)
        kept = RefusedVersion(
            version=failure.version,
            commit=failure.commit,
            reason=failure.reason,
            at=failure.at,
            cause=failure.cause.value,
            repair=failure.repair,
            attempts=failure.attempts,
        )
        try:
            self.write(place, self.read(place).model_copy(update={"refused": kept}))
        except ExternalError:
            self._unwritten[place.environment, place.model] = failure

    def path(self, place: Place, identity: str, ending: str) -> Path:
        """A file of one server beside the record."""
        return self._files.resolve(self._file(place)).with_suffix(f".{identity}.{ending}")

    def predictions(self, place: Place) -> Path:
        """The folder of the prediction log."""
        return self._files.resolve(f"{PREDICTIONS}/{part(place.environment)}/{part(place.model)}")

    def _file(self, place: Place) -> str:
        return f"{STATE}/{part(place.environment)}/{part(place.model)}.json"


def part(name: str) -> str:
    """A name as one part of a path: `dir:name` and `a/b` are names."""
    return quote(name, safe="")
