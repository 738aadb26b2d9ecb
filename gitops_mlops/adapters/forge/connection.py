"""One HTTP request to a forge, and what came of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from gitops_mlops.adapters.forge.pools import LOOPBACK, ConnectionPools
from gitops_mlops.adapters.forge.refusals import RetryReason, refused_for_now
from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.log import Logger

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from gitops_mlops.domain.ports import Timer

_LOG = Logger(__name__)

# Seconds until the whole of an answer must be there, and of a file.
_ANSWERED, _DOWNLOADED = 60.0, 300.0
_MAX_BYTES = 8 * 1024 * 1024
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*\brel="next"')
_US = "gitops-mlops"


class ForgeResponse(NamedTuple):
    """What the forge said: a status, the decoded JSON (None for an empty body), and the address of the next page."""

    status: int
    data: Any
    next: str | None = None


class ForgeConnection:
    """Requests to the API at `address`, as the owner of `token` ("" for nobody).

    Raises UsageError for either malformed. urllib3 is imported with the first request: most commands never send one.
    """

    def __init__(self, address: str, token: str, timer: Timer) -> None:
        self.address = _checked(address)
        self.token = token.strip()
        # What http.client says of a malformed header would show the token.
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise UsageError(
                "contains a character that no token has", where="GITHUB_TOKEN", hint="copy it again, on one line"
            )
        self._timer = timer
        self._pools = ConnectionPools()

    def request(self, method: str, url: str, body: object = None) -> ForgeResponse | RetryReason:
        """Send a request once. Raises OutsideError when the answer can be used by nobody."""
        where = self.where(method, url)
        got = self._answered(method, url, where, body)
        if isinstance(got, RetryReason):
            return got
        response, data = got
        if 300 <= response.status < 400:
            hint = "fix GITHUB_REPOSITORY or GITHUB_API_URL: it was renamed or moved"
            raise ExternalError("redirects to another address", where=where, hint=hint)
        match = _NEXT.search(response.headers.get("Link", ""))
        return ForgeResponse(response.status, _decoded(data, response.status, where), match[1] if match else None)

    def download(self, url: str, limit: int) -> ForgeResponse | RetryReason:
        """The file that an address of the API leads to, as the answer's data. The token does not go there."""
        where = self.where("GET", url)
        got = self._answered("GET", url, where, None)
        if isinstance(got, RetryReason):
            return got
        response, data = got
        if response.status < 300:
            raise ExternalError("answered without the address of the file", where=where, hint="check GITHUB_API_URL")
        if response.status >= 400:
            return ForgeResponse(response.status, _decoded(data, response.status, where))
        place = self._place(url, response.headers.get("Location", ""), where)
        found = self._sent("GET", place, where, {"User-Agent": _US}, None)
        if isinstance(found, RetryReason):
            return found
        if found.status != 200:
            found.close()
            return RetryReason(f"the file's address answered {found.status}")
        file = self._read(found, limit, _DOWNLOADED, where)
        return file if isinstance(file, RetryReason) else ForgeResponse(200, file)

    def where(self, method: str, url: str) -> str:
        """How errors name a request."""
        return f"{method} {url.removeprefix(self.address)} of {urlsplit(self.address).netloc}"

    def _place(self, url: str, location: str, where: str) -> str:
        """Where a file is. The API's own scheme is as good as https only on this machine, which tests use."""
        try:
            place = urljoin(url, location)
            parts, api = urlsplit(place), urlsplit(self.address)
            local = {parts.hostname, api.hostname} <= LOOPBACK and api.scheme == "http"
            well = bool(parts.hostname) and "@" not in parts.netloc and place.isprintable() and " " not in place
            well = well and bool(location) and parts.scheme in (("http", "https") if local else ("https",))
        except ValueError:
            well = False
        if not well:
            raise ExternalError(
                "redirects to an address that is not supported", where=where, hint="check GITHUB_API_URL"
            )
        return place

    def _answered(
        self, method: str, url: str, where: str, body: object
    ) -> tuple[BaseHTTPResponse, bytes] | RetryReason:
        content = None if body is None else json.dumps(body).encode()
        response = self._sent(method, url, where, self._headers(body), content)
        if isinstance(response, RetryReason):
            return response
        data = self._read(response, _MAX_BYTES, _ANSWERED, where)
        if isinstance(data, RetryReason):
            return data
        return refused_for_now(response.status, response.headers, data, where) or (response, data)

    def _sent(
        self, method: str, url: str, where: str, headers: dict[str, str], content: bytes | None
    ) -> BaseHTTPResponse | RetryReason:
        from ssl import SSLCertVerificationError

        from urllib3 import exceptions

        begun = self._timer.seconds()
        try:
            response = self._pools.of(url).request(
                method, url, body=content, headers=headers, preload_content=False, retries=False, redirect=False
            )
            # The query of an address that a file is at is a key to it: `where` has the address of the API.
            _LOG.info("%s answered %d after %.3f s", where, response.status, self._timer.seconds() - begun)
            _LOG.debug("%s: sent %d bytes", where, len(content or b""))
            return response
        except exceptions.HTTPError as error:
            _LOG.info("%s failed after %.3f s: %s", where, self._timer.seconds() - begun, _words(error))
            if isinstance(error, exceptions.SSLError) and isinstance(error.args[0], SSLCertVerificationError):
                hint = "put its authority's certificate into the file that SSL_CERT_FILE names"
                raise ExternalError("has no trusted certificate", where=where, hint=hint) from None
            unheard = isinstance(error, exceptions.NewConnectionError | exceptions.ConnectTimeoutError)
            return RetryReason(_words(error), unheard=unheard)

    def _read(self, response: BaseHTTPResponse, limit: int, seconds: float, where: str) -> bytes | RetryReason:
        """The body. Raises OutsideError when it is larger than `limit` bytes."""
        from urllib3.exceptions import HTTPError

        until = self._timer.seconds() + seconds
        body = bytearray()
        try:
            while chunk := response.read1(65536, decode_content=True):
                body += chunk
                if len(body) > limit:
                    raise ExternalError(f"answered with more than {limit} bytes", where=where)
                if self._timer.seconds() > until:
                    return RetryReason(f"did not end its answer within {seconds:.0f} s")
        except HTTPError as error:
            return RetryReason(_words(error))
        finally:
            response.close()
        _LOG.debug("%s: received %d bytes", where, len(body))
        return bytes(body)

    def _headers(self, body: object) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": _US,
        }
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        return headers | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


def _decoded(body: bytes, status: int, where: str) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        if status >= 400:
            # A proxy's page says no more than its status.
            return None
        raise ExternalError("did not answer with JSON", where=where) from None


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        well = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        well = False
    if (
        not well
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or not address.isprintable()
        or " " in address
    ):
        hint = "write https://HOST, or https://HOST/api/v3 for GitHub Enterprise"
        raise UsageError("is not the address of an API", where="GITHUB_API_URL", hint=hint)
    return address.rstrip("/")


def _words(error: Exception) -> str:
    from urllib3 import exceptions

    if isinstance(error, exceptions.NameResolutionError):
        return "has no such host"
    # It is a timeout to urllib3, and says more.
    if isinstance(error, exceptions.NewConnectionError):
        return "cannot be reached"
    if isinstance(error, exceptions.ProxyError):
        return "cannot be reached through the proxy that HTTPS_PROXY names"
    return "did not answer in time" if isinstance(error, exceptions.TimeoutError) else "cut the connection"
