"""The process around the application: its socket, slow clients, and an end that drops no request."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gitops_mlops.domain.errors import DONE, INTERRUPTED, ExternalError
from gitops_mlops.serving.app import ModelService, RequestLimits
from gitops_mlops.serving.output import announce

# The application answers a slow body itself; what is slower than that, such as headers, is cut off.
_GRACE = 2.0
_LONGEST_DRAIN = 30


class _TimedProtocol(H11Protocol):
    """HTTP/1.1 in which a request must have arrived within `seconds` of its first byte."""

    seconds = 15.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """JSON, like every other refusal."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"error": f"not HTTP/1.1: {msg}"}).encode()
            headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
            for event in (
                h11.Response(status_code=400, headers=[*headers, ("connection", "close")]),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        state = self.conn.their_state
        # Between requests uvicorn's own keep-alive timer runs.
        idle = state is h11.IDLE and not self.conn.trailing_data[0]
        if idle or state not in (h11.IDLE, h11.SEND_BODY):
            self._disarm()
        elif self._timer is None:
            self._arm()

    def _arm(self) -> None:
        self._timer = self.loop.call_later(self.seconds, self.transport.close)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class ModelServer(uvicorn.Server):
    """Serves until SIGTERM or SIGINT: then readiness is 503 for `drain` seconds, open requests are finished.

    `exit_code` is 0 after SIGTERM and 130 after SIGINT. A second signal ends the draining, a third one does not
    even wait for open requests. `announce_json` makes the line about where it serves JSON.
    """

    announce_json = False

    def __init__(self, config: uvicorn.Config, service: ModelService, drain: float = 0.0) -> None:
        super().__init__(config)
        self.service = service
        self.drain = drain
        self.exit_code = DONE

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals without raising them again at the end, which would turn a clean end into 143."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, or be quicker about it."""
        if not self.service.ready:
            self.force_exit = self.should_exit
            self.should_exit = True
            return
        self.service.ready = False
        self.exit_code = INTERRUPTED if sig == signal.SIGINT else DONE
        if self.drain <= 0:
            self.should_exit = True
        else:
            asyncio.get_running_loop().call_later(self.drain, self._leave)

    def _leave(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say where on standard output: whoever started us with port 0 reads it there."""
        await super().startup(sockets)
        bundle = self.service.served.bundle
        for listener in sockets or ():
            said = {"model": bundle.model, "version": bundle.version, "url": _url(listener)}
            said["bundle_digest"] = self.service.served.digest
            line = json.dumps(said) if self.announce_json else "serving {model} {version} on {url}".format(**said)
            announce(line + "\n")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; the log is written even when open requests were not waited for."""
        await super().shutdown(sockets)
        if self.force_exit:
            # That requests are cut off now was asked for: each would be a traceback.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await self.lifespan.shutdown()


def uvicorn_config(app: Any, limits: RequestLimits) -> uvicorn.Config:
    """How uvicorn runs the application: one process, HTTP/1.1, no log of requests (metrics count them)."""
    protocol = type("Protocol", (_TimedProtocol,), {"seconds": limits.body_seconds * _GRACE})
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_LONGEST_DRAIN,
    )


def reserve(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet: who connects is refused, and does not wait, until it does.

    Raises OutsideError when the address is taken or not ours.
    """
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        reserved = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ExternalError(f"not an address ({error})", where=where, hint="correct --host") from error
    try:
        # Connections of a server that ended a moment ago must not block its successor.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(address)
    except OSError as error:
        reserved.close()
        raise _taken(where, error) from error
    return reserved


def start_listening(reserved: socket.socket) -> None:
    """Take connections from now on. Raises OutsideError when another process was faster."""
    try:
        reserved.listen(128)
    except OSError as error:
        raise _taken(_url(reserved), error) from error


def _taken(where: str, error: OSError) -> ExternalError:
    hint = "choose another --port, or end what listens there"
    return ExternalError(f"cannot listen ({error.strerror})", where=where, hint=hint)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
