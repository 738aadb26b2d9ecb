"""Bare repositories over smart HTTP on loopback: git's own `git http-backend` behind a small server.

Who may read or write is asked of the owner of the tokens, who is told of every push before its answer goes out.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Protocol
from urllib.parse import unquote, urlsplit

# What a hosted repository allows: any commit by its SHA, no pushes to the references of pull requests.
SETTINGS = (
    ("http.receivepack", "true"),
    ("uploadpack.allowAnySHA1InWant", "true"),
    ("uploadpack.allowFilter", "true"),
    ("receive.hideRefs", "refs/pull"),
    ("receive.denyDeletes", "false"),
    ("gc.auto", "0"),
)


class Doorkeeper(Protocol):
    """Who knows the tokens and wants to hear of pushes."""

    def may(self, token: str | None, repository: str, write: bool) -> int:
        """200, or how it is refused: 401 asks for a token, 403 and 404 are final."""

    def pushed(self, token: str | None) -> None:
        """Who has this token pushed; references may have moved."""


class GitServer:
    """Serves `<root>/<owner>/<name>.git` as `<address>/<owner>/<name>[.git]`."""

    def __init__(self, root: Path, keeper: Doorkeeper) -> None:
        self.root = root
        self.keeper = keeper
        self.address = ""


def _token(header: str | None) -> str | None:
    """The token of an Authorization header: a bearer's, or the password of `x-access-token:TOKEN`."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    if scheme.lower() != "basic":
        return None
    user, _, password = base64.b64decode(value).decode().partition(":")
    return password or user


class _Handler(BaseHTTPRequestHandler):
    server_version = "git"
    git: GitServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        owner, _, rest = unquote(parts.path).lstrip("/").partition("/")
        name, _, endpoint = rest.partition("/")
        repository = f"{owner}/{name.removesuffix('.git')}"
        write = "git-receive-pack" in (parts.query if endpoint == "info/refs" else endpoint)
        token = _token(self.headers.get("Authorization"))
        body = self._body()
        status = self.git.keeper.may(token, repository, write)
        if status != 200 or not (self.git.root / f"{repository}.git").is_dir():
            self._refuse(status if status != 200 else 404)
            return
        said = self._backend(repository, endpoint, parts.query, body)
        if endpoint == "git-receive-pack":
            self.git.keeper.pushed(token)
        self._answer(said)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _backend(self, repository: str, endpoint: str, query: str, body: bytes) -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.git.root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repository}.git/{endpoint}",
            "REQUEST_METHOD": self.command,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "known",
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_CONFIG_COUNT": str(len(SETTINGS)),
        }
        for number, (key, value) in enumerate(SETTINGS):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return subprocess.run(
            ["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=True
        ).stdout

    def _answer(self, said: bytes) -> None:
        head, _, body = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(root: Path, keeper: Doorkeeper) -> Iterator[GitServer]:
    """A server of the bare repositories below a folder, on a free port of loopback."""
    git = GitServer(root, keeper)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"git": git}))
    server.daemon_threads = True
    git.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield git
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
