"""Every request with an id, in the metrics, and by choice in the log."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gitops_mlops.serving.access import HEADER, begin_record, log_access
from gitops_mlops.serving.metrics import ServerMetrics


class RequestObserver:
    """Counts and times every request under the name of its endpoint, `other` where there is none.

    With `access_log` each is a line on standard error, too.
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics, access_log: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, and count it when it is done."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        begun = time.perf_counter()
        record = begin_record(scope)

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, record.id.encode("ascii"))]}
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, observed)
        finally:
            self._metrics.in_flight.dec()
            name = getattr(scope.get("endpoint"), "__name__", "other")
            self._metrics.requests.labels(name, str(status)).inc()
            seconds = time.perf_counter() - begun
            self._metrics.seconds.labels(name).observe(seconds)
            if self._access_log:
                log_access(scope, record, status, seconds)
