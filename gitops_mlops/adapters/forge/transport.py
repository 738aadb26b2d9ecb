"""Requests to a forge: sent again when that may help and cannot hurt, and read page by page."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from gitops_mlops.adapters.forge.connection import ForgeConnection, ForgeResponse
from gitops_mlops.adapters.forge.refusals import RetryReason
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.ports import Timer
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
T = TypeVar("T")

_MAX_PAGES = 100
# Seconds before another attempt, on average; what the forge asks for counts when it is longer.
_PAUSES = (0.5, 1.0, 2.0, 4.0)
_LONGEST_PAUSE = 60.0
# Seconds before each look for what a request made whose answer was lost. GitHub ends a request after 10 s, so what is
# not there after all of them never will be.
_LOOKS = (0.5, 1.5, 3.0, 6.0)


class ForgeTransport:
    """HTTP to the API at `address`, as the owner of `token` ("" for nobody).

    Raises UsageError for either malformed.
    """

    def __init__(self, address: str, token: str, timer: Timer) -> None:
        self._connection = ForgeConnection(address, token, timer)
        self.address = self._connection.address
        self.anonymous = not self._connection.token
        self._timer = timer

    def get(self, path: str) -> ForgeResponse:
        """What is at a path, whatever the status. Raises OutsideError when nothing useful comes back."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: object = None) -> ForgeResponse:
        """Send what may arrive twice without harm."""
        return self._sent(method, self._url(path), body)

    def post(self, path: str, body: object, arrived: Callable[[], T | None]) -> ForgeResponse | T:
        """Send what must arrive once. When an answer is lost, `arrived` looks for what the request made.

        Only when it finds nothing for longer than a request can take is the request sent again.
        """
        url = self._url(path)
        failure = RetryReason("was not sent")
        for pause in _PAUSES:
            answer = self._connection.request("POST", url, body)
            if isinstance(answer, ForgeResponse):
                return answer
            failure = answer
            if failure.unheard:
                self._pause(failure, pause, "POST", url)
            elif (found := self._look(arrived, url)) is not None:
                return found
        raise self._given_up(failure, len(_PAUSES), "POST", url)

    def pages(self, path: str) -> Iterator[ForgeResponse]:
        """The pages of a list, until the last one or the first that is no success."""
        url = self._url(path)
        for _ in range(_MAX_PAGES):
            answer = self._sent("GET", url, None)
            yield answer
            if answer.status != 200 or answer.next is None:
                return
            url = answer.next
            # The token goes with the request.
            if not url.startswith(f"{self.address}/") or not url.isprintable():
                raise ExternalError("names another server for the next page", where=self._where("GET", path))
        raise ExternalError(f"has more than {_MAX_PAGES} pages", where=self._where("GET", path))

    def download(self, path: str, limit: int) -> ForgeResponse:
        """The file that a path leads to, of at most `limit` bytes, as the answer's data."""
        url = self._url(path)
        return self._repeated(lambda: self._connection.download(url, limit), "GET", url)

    def _url(self, path: str) -> str:
        return path if path.startswith(("http://", "https://")) else f"{self.address}{path}"

    def _sent(self, method: str, url: str, body: object) -> ForgeResponse:
        return self._repeated(lambda: self._connection.request(method, url, body), method, url)

    def _repeated(self, attempt: Callable[[], ForgeResponse | RetryReason], method: str, url: str) -> ForgeResponse:
        for pause in _PAUSES:
            answer = attempt()
            if not isinstance(answer, RetryReason):
                return answer
            self._pause(answer, pause, method, url)
        answer = attempt()
        if not isinstance(answer, RetryReason):
            return answer
        raise self._given_up(answer, len(_PAUSES) + 1, method, url)

    def _pause(self, failure: RetryReason, pause: float, method: str, url: str) -> None:
        wanted = failure.wait or 0.0
        if wanted > _LONGEST_PAUSE:
            raise ExternalError(
                f"{failure.message}, and requests a wait of {wanted:.0f} s", where=self._where(method, url)
            )
        seconds = max(pause, wanted) + pause * random.uniform(-0.5, 0.5)  # noqa: S311 - no secret
        _LOG.info("%s %s: trying again in %.1f s", self._where(method, url), failure.message, seconds)
        self._timer.sleep(seconds)

    def _look(self, arrived: Callable[[], T | None], url: str) -> T | None:
        for pause in _LOOKS:
            self._timer.sleep(pause)
            try:
                found = arrived()
            except ExternalError as error:
                message = f"lost the answer; whether it was written is unknown: {error.message}"
                raise ExternalError(
                    message, where=self._where("POST", url), hint=error.hint or "look there"
                ) from None
            if found is not None:
                return found
        return None

    def _given_up(self, failure: RetryReason, times: int, method: str, url: str) -> ExternalError:
        message = f"{failure.message}, {times} times in a row"
        return ExternalError(message, where=self._where(method, url), hint="try again later")

    def _where(self, method: str, url: str) -> str:
        return self._connection.where(method, url)
