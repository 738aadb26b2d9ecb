"""How one server takes over from another on the same port without losing a request.

A new server first listens on a private socket only, where it is examined. Then it is given the public listening
socket that the old server holds: for a moment both accept from one queue, and the old one stops accepting,
asks its connections to close, and leaves. No connection waits in a queue that nobody reads, and no proxy
stands in between.

The one who starts a server passes two descriptors. `lifeline` is one end of a socket pair: the public socket
arrives there, and when it ends before that the server leaves, so that a deploy which was killed orphans
nothing. `control` is a listening Unix socket: who connects to it is given the public socket.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from gitops_mlops.domain.errors import DONE
from gitops_mlops.serving.app import ModelService, RequestLimits
from gitops_mlops.serving.server import ModelServer, uvicorn_config

PUBLISH = b"publish"
PUBLISHED = b"ok"

# Longer than uvicorn keeps an idle connection, so that idle ones end by themselves.
DRAIN_SECONDS = 8.0
_TICK = 0.02


class _DrainingApp:
    """The application; once `closing`, every response asks the client to open a new connection."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.closing = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def respond(message: MutableMapping[str, Any]) -> None:
            if self.closing and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self.app(scope, receive, respond if scope["type"] == "http" else send)


class _PublicServer(uvicorn.Server):
    """The public side: signals, and the application's start and end, belong to the private side."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HandoverServer(ModelServer):
    """Serves `app` privately until it is given the public socket, then publicly until it is told to leave."""

    def __init__(
        self, app: Any, limits: RequestLimits, service: ModelService, lifeline: socket.socket, control: socket.socket
    ) -> None:
        self._app = _DrainingApp(app)
        super().__init__(uvicorn_config(self._app, limits), service)
        service.recording = False
        self._public_config = uvicorn_config(self._app, limits)
        self._public_config.lifespan = "off"
        self._lifeline = lifeline
        self._control = control
        self._public: _PublicServer | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end; one that comes before it was public is no clean end, whoever ended it."""
        super().run(sockets)
        if self._public is None and self.exit_code == DONE:
            self.exit_code = 128 + signal.SIGTERM

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then listen to whoever started us."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._await_publication, args=(loop,), daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let the clients finish and go, then end."""
        if self._public is not None and self._task is not None:
            self._app.closing = True
            for server in self._public.servers:
                server.close()
            deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
            while self._public.server_state.connections and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(_TICK)
            self._public.should_exit = True
            await self._task
        await super().shutdown(sockets)

    def _await_publication(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lifeline:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._lifeline, 64, 1)
            except OSError:
                message, descriptors = b"", []
            if message != PUBLISH or len(descriptors) != 1:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            public = socket.socket(fileno=descriptors[0])
            try:
                asyncio.run_coroutine_threadsafe(self._publish(public), loop).result()
                answer = PUBLISHED
            except OSError as error:
                answer = (error.strerror or str(error)).encode()
            self._lifeline.sendall(answer)
        if answer == PUBLISHED:
            self._lend(public)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    async def _publish(self, public: socket.socket) -> None:
        self.service.recording = True
        self._public = _PublicServer(self._public_config)
        self._task = asyncio.create_task(self._public.serve(sockets=[public]))
        while not self._public.started and not self._task.done():
            await asyncio.sleep(_TICK / 4)
        if self._task.done():
            failed, self._public, self._task = self._task, None, None
            await failed
            raise OSError("the public socket could not be served")
        for server in self.servers:
            server.close()

    def _lend(self, public: socket.socket) -> None:
        """Give the public socket to whoever may open the control socket, as long as we serve."""
        while True:
            try:
                visitor, _ = self._control.accept()
                with visitor:
                    socket.send_fds(visitor, [PUBLISHED], [public.fileno()])
            except OSError:
                if public.fileno() < 0:
                    return
