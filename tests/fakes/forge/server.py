"""The forge on loopback, and beside it the host that files are downloaded from."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from werkzeug.datastructures import Headers

from tests.fakes.forge import endpoints_commits, endpoints_issues, endpoints_pulls, endpoints_runs
from tests.fakes.forge.described import Asked, answer_violations, request_violations
from tests.fakes.forge.routes import Call, Reply, Route
from tests.fakes.forge.state import Fault, Pull, Refused, Repository, Token
from tests.fakes.forge.world import Forge

_ROUTES = [*endpoints_pulls.ROUTES, *endpoints_issues.ROUTES, *endpoints_commits.ROUTES, *endpoints_runs.ROUTES]
_JSON = "application/json; charset=utf-8"
_APP, _PERSON = "Resource not accessible by integration", "Resource not accessible by personal access token"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    forge: Forge

    def log_message(self, *_: Any) -> None:
        pass

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            # Who asked did not wait.
            self.close_connection = True

    def _fail(self, fault: Fault) -> None:
        headers = {"Content-Length": str(len(fault.body)), "Connection": "close", **fault.headers}
        self._send(fault.status, fault.body[: fault.cut], headers)
        self.close_connection = True

    def _taken(self, faults: deque[Fault]) -> Fault | None:
        """The first fault that waits for such a request."""
        for fault in faults:
            if fault.only in f"{self.command} {self.path}":
                faults.remove(fault)
                return fault
        return None


class _Api(_Handler):
    """The endpoints."""

    def _serve(self) -> None:
        forge = self.forge
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with forge.lock:
            forge.asked.append(self.path)
            forge.requests.append(f"{self.command} {self.path}")
            forge.tokens.append(self.headers.get("Authorization", ""))
            fault = self._taken(forge.faults)
            reply = None if fault and not fault.after else self._reply(body)
        if fault and fault.hold:
            fault.hold.wait()
        if reply is None or (fault and not fault.hold and not fault.lost):
            assert fault
            self._fail(fault)
        elif fault and fault.lost:
            self.close_connection = True
        else:
            content = b"" if reply.data is None else json.dumps(reply.data).encode()
            self._send(reply.status, content, {"Content-Type": _JSON, **reply.headers})

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _reply(self, body: bytes) -> Reply:
        parts = urlsplit(self.path)
        asked = Asked(
            self.command.lower(), parts.path, dict(parse_qsl(parts.query)), Headers(list(self.headers.items())), body
        )
        try:
            token = self._token()
            if parts.path == "/graphql":
                return _viewer(token, body)
            return self._answered(asked, token)
        except Refused as refused:
            return Reply(refused.status, refused.body)
        except Exception as error:
            self.forge.violations.append(f"{self.command} {self.path}: {error!r}")
            return Reply(500, {"message": "the emulator has a fault of its own"})

    def _token(self) -> Token | None:
        secret = self.headers.get("Authorization", "").removeprefix("Bearer ").removeprefix("token ")
        if secret and secret not in self.forge.token_of:
            raise Refused(401, "Bad credentials")
        return self.forge.token_of.get(secret)

    def _answered(self, asked: Asked, token: Token | None) -> Reply:
        route, found = _route(asked)
        if route is None:
            self.forge.violations.append(f"{self.command} {self.path} is not an endpoint of this emulator")
            raise Refused(404, "Not Found")
        wrong = request_violations(asked, route.template)
        reply = Reply(500, {"message": "the request breaks GitHub's description"})
        if not wrong:
            reply = self._performed(route, asked, found, token)
            wrong = answer_violations(asked, route.template, reply.status, reply.data, dict(reply.headers))
        if wrong:
            self.forge.violations += [f"{self.command} {self.path}: {one}" for one in wrong]
            return Reply(500, {"message": "the emulator or its user is not as GitHub describes"})
        return reply

    def _performed(self, route: Route, asked: Asked, found: dict[str, str], token: Token | None) -> Reply:
        try:
            name = f"{found.get('owner')}/{found.get('repo')}"
            repository = self.forge.repositories.get(name) if "owner" in found else self.forge.repository()
            _check(route, repository, found, token)
            assert repository
            body = json.loads(asked.body) if asked.body else {}
            call = Call(self.forge, token, repository, asked.path, found, asked.query, body)
            return route.answer(call)
        except Refused as refused:
            return Reply(refused.status, refused.body)


class _Blobs(_Handler):
    """Where the zips of artifacts are; the token has no business there."""

    def do_GET(self) -> None:
        forge = self.forge
        if "Authorization" in self.headers:
            forge.violations.append(f"the token went to the host of files: {self.path}")
        if fault := self._taken(forge.blob_faults):
            self._fail(fault)
            return
        file = forge.blobs.get(urlsplit(self.path).path.removeprefix("/"))
        body = file.read_bytes() if file else b"<Error>AuthenticationFailed</Error>"
        self._send(200 if file else 403, body, {"Content-Type": "application/zip" if file else "application/xml"})


def _route(asked: Asked) -> tuple[Route | None, dict[str, str]]:
    for route in _ROUTES:
        if route.method.lower() == asked.method and (match := route.pattern.match(asked.path)):
            return route, match.groupdict()
    return None, {}


def _check(route: Route, repository: Repository | None, found: dict[str, str], token: Token | None) -> None:
    """Raises Refused, as GitHub does, when the token may not.

    Reading takes its permission in public repositories, too, once there is a token: what passes here also passes in a
    private one, which is stricter than GitHub. Nobody may read what is public.
    """
    writes = route.permission.endswith("write")
    elsewhere = token is not None and repository is not None and token.repository not in ("", repository.name)
    if repository is None or (repository.private and (token is None or elsewhere)):
        raise Refused(404, "Not Found")
    if token is None:
        if writes or "artifact_id" in found:
            raise Refused(401, "Requires authentication")
        return
    permission = route.permission
    if "|" in permission and not _is_pull(repository, found):
        permission = permission.partition("|")[0]
    if permission in ("", "metadata: read") or (elsewhere and not writes):
        return
    if elsewhere or not token.may(permission):
        raise Refused(403, _PERSON if token.kind == "user" else _APP)
    if writes and repository.archived:
        raise Refused(403, "Repository was archived so is read-only.")


def _is_pull(repository: Repository, found: dict[str, str]) -> bool:
    """Whether a pull request is meant; lists hold some."""
    if "comment_id" in found:
        holders = [
            one
            for one in repository.issues.values()
            if found["comment_id"] in [str(each.id) for each in one.comments]
        ]
        return not holders or isinstance(holders[0], Pull)
    return "issue_number" not in found or isinstance(repository.issues.get(int(found["issue_number"])), Pull)


def _viewer(token: Token | None, body: bytes) -> Reply:
    """The one question of GitHub's other API that is answered here: whose token it is."""
    if token is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    if json.loads(body) != {"query": "query{viewer{login}}"}:
        return Reply(200, {"errors": [{"message": "the emulator does not know this query"}]})
    return Reply(200, {"data": {"viewer": {"login": token.login}}})


@contextmanager
def running(repository: str = "octo/demo", root: Path | None = None) -> Iterator[Forge]:
    """A forge that answers, over bare repositories below `root`; fails at the end when GitHub was not followed."""
    with ExitStack() as stack:
        folder = root or Path(stack.enter_context(TemporaryDirectory(prefix="forge-")))
        forge = Forge(folder, repository)
        forge.shown.address = stack.enter_context(_listening(_Api, forge))
        forge.blob_address = stack.enter_context(_listening(_Blobs, forge))
        yield forge
    assert not forge.violations, "\n".join(forge.violations)


@contextmanager
def _listening(handler: type[_Handler], forge: Forge) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"forge": forge}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
