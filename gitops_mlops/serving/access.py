"""The id of a request, which every response carries, and by choice a line for each request."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import Scope

from gitops_mlops.serving.output import complain

HEADER = b"x-request-id"
# A line of the log is ASCII, so that no `…` says that it was cut.
_LONGEST = 200
# What a proxy or a client makes: UUIDs, ULIDs, trace ids. Nothing in it ends a field or a line of a log.
_SANE = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
_KEY = "gitops_mlops.request"


@dataclass
class RequestRecord:
    """What is known of a request: `id` is the client's or ours, `own` is ours, `rows` how many were asked about."""

    id: str
    own: str
    rows: int = 0


def begin_record(scope: Scope) -> RequestRecord:
    """The record of a request that has just come.

    The client's `X-Request-Id` is taken when there is one that is sane. Predictions are never named by it, as another
    client could give the same one.
    """
    own = uuid.uuid4().hex
    record = RequestRecord(_given(scope["headers"]) or own, own)
    scope[_KEY] = record
    return record


def record_of(scope: Scope) -> RequestRecord:
    """The record of a request that is being answered."""
    found = scope[_KEY]
    assert isinstance(found, RequestRecord)
    return found


def log_access(scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
    """One line on standard error. The path is as it was sent, percent-encoded and without its query."""
    path = quote(scope.get("raw_path") or b"", safe="/:@!$&'()*+,;=-._~%")[:_LONGEST]
    method = quote(scope["method"], safe="")[:_LONGEST]
    complain(f"access id={record.id} {method} {path} status={status} ms={seconds * 1000:.1f} rows={record.rows}")


def _given(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id that the client named, "" when there is none, more than one, or one that is not sane."""
    found = [value for name, value in headers if name == HEADER]
    return found[0].decode("ascii") if len(found) == 1 and _SANE.fullmatch(found[0]) else ""
