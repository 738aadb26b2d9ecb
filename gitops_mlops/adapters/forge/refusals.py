"""What a forge's refusals mean: 401, 403, 404, 410, 429 and 5xx, as messages and as reasons to try again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gitops_mlops.adapters.forge.answers import said
from gitops_mlops.domain.errors import ExternalError

_BUSY = frozenset({429, 502, 503, 504})
# What GitHub asks to wait for when it refuses because of many requests at once, and does not say how long.
_SECONDARY = 60.0
# What GitHub always says to a token that lacks a permission.
_ORDINARY = frozenset(
    {"", "Resource not accessible by integration", "Resource not accessible by personal access token"}
)
# A setting, which no permission overrules.
_NOT_PERMITTED = "GitHub Actions is not permitted"


class EndpointSubject(NamedTuple):
    """What is asked, for people, and the permission that it takes, as workflows write it: `pull-requests: read`.

    `gone` says what to do when the forge has it no longer, or not in this repository.
    """

    name: str
    permission: str
    gone: str = "see the repository's settings"


class RetryReason(NamedTuple):
    """Why a request may be worth another one.

    `wait` are the seconds that the forge asks to wait; `unheard` says that it surely did not act on the request.
    """

    message: str
    wait: float | None = None
    unheard: bool = False


def refused_for_now(status: int, headers: Mapping[str, str], data: bytes, where: str) -> RetryReason | None:
    """Why the same request may be answered later: the forge is overloaded, or received too many requests.

    GitHub says the latter with 403, too. Raises ExternalError when waiting within this command does not help.
    """
    wait = _retry_after(headers.get("Retry-After"))
    if status in (403, 429) and "Retry-After" not in headers:
        if headers.get("X-RateLimit-Remaining") == "0":
            message = f"the requests of this hour are used up{_until(headers.get('X-RateLimit-Reset'))}"
            raise ExternalError(message, where=where, hint="try again later, or set GITHUB_TOKEN")
        if b"secondary rate limit" in data.lower():
            wait = _SECONDARY
    if status in _BUSY or (status == 403 and ("Retry-After" in headers or wait)):
        return RetryReason(f"answered {status}", wait, unheard=status in (403, 429))
    if status >= 500:
        raise ExternalError(f"answered {status}", where=where, hint="see the forge's status page")
    return None


def token_missing(where: str, permission: str = "") -> ExternalError:
    """A request that no anonymous reader may make."""
    hint = f"set GITHUB_TOKEN, with {permission}" if permission else "set GITHUB_TOKEN"
    return ExternalError("the forge requires a token", where=where, hint=hint)


def require_success(status: int, data: Any, what: EndpointSubject, where: str, anonymous: bool) -> None:
    """Raises ExternalError, with the permission that may be missing, for an answer that is no success."""
    if 200 <= status < 300:
        return
    words = said(data)
    more = "" if words in _ORDINARY else f": {words}"
    grant = f"give GITHUB_TOKEN the permission {what.permission}"
    if status == 401 and anonymous:
        raise token_missing(where, what.permission)
    if status == 401:
        raise ExternalError("the forge does not accept the token", where=where, hint="renew GITHUB_TOKEN")
    if status == 403:
        if _NOT_PERMITTED in words:
            grant = "allow it in the repository's settings (Actions, General), or use the token of an app"
        verb = "write" if ": write" in what.permission else "read"
        raise ExternalError(f"the token may not {verb} it{more}", where=where, hint=grant)
    if status == 404:
        raise ExternalError("does not exist, or the token may not see it", where=where, hint=f"check it, or {grant}")
    if status == 410:
        raise ExternalError(f"is gone or switched off{more}", where=where, hint=what.gone)
    hint = "fix what it says, and run it again"
    raise ExternalError(f"the forge answered {status}{more}", where=where, hint=hint)


def _retry_after(value: str | None) -> float | None:
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    try:
        return Retry(0).parse_retry_after(value) if value else None
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _until(reset: str | None) -> str:
    try:
        return f" until {datetime.fromtimestamp(int(reset), UTC):%H:%M} UTC" if reset else ""
    except (ValueError, OverflowError, OSError):
        return ""
