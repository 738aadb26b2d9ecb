"""Between us and the forge: proxies, certificates, and servers that take their time."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gitops_mlops.adapters.forge import ForgeTransport, GitHub
from gitops_mlops.domain.errors import ExternalError, UsageError
from tests.fakes.forge import TOKEN, Fault, running
from tests.integration.forge_client import Pauses, client, refusal


class Proxy(BaseHTTPRequestHandler):
    """Notes what it is asked, answers for the host itself, and lets nobody through to another port."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None, str | None]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        headers = self.headers
        self.seen.append((self.requestline, headers.get("Proxy-Authorization"), headers.get("Authorization")))
        body = b"[]"
        self.send_response(403 if self.command == "CONNECT" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_CONNECT = do_GET  # noqa: N815 - http.server's name


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def seen() -> list[tuple[str, str | None, str | None]]:
    return []


@pytest.fixture
def proxy(seen: list[tuple[str, str | None, str | None]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Noting", (Proxy,), {"seen": seen}))
    with serving(server):
        yield f"127.0.0.1:{server.server_port}"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def at(address: str) -> GitHub:
    return GitHub(ForgeTransport(address, TOKEN, Pauses()), "octo/demo")


def test_a_tunnel_sees_no_token(
    proxy: str, seen: list[tuple[str, str | None, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@{proxy}")
    with pytest.raises(ExternalError) as found:
        at("https://forge.invalid").reviews(7)
    assert "cannot be reached through the proxy that HTTPS_PROXY names, 5 times in a row" in refusal(found)
    assert "secret" not in str(found.value)
    assert len(seen) == 5
    for line, of_the_proxy, of_the_forge in seen:
        assert line.startswith("CONNECT forge.invalid:443 HTTP/1.")
        assert (of_the_proxy, of_the_forge) == ("Basic YWRhOnNlY3JldA==", None)


@pytest.mark.parametrize("written", ["http://{}", "{}"])
def test_a_plain_proxy_is_asked_for_a_plain_forge(
    proxy: str, seen: list[tuple[str, str | None, str | None]], written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", written.format(proxy))
    assert at("http://forge.invalid/api/v3").reviews(7) == []
    line = "GET http://forge.invalid/api/v3/repos/octo/demo/pulls/7/reviews?per_page=100 HTTP/1.1"
    assert seen == [(line, None, f"Bearer {TOKEN}")]


@pytest.mark.parametrize("exempt", ["127.0.0.2", "*", "other.example, 127.0.0.2"])
def test_some_hosts_need_no_proxy(
    proxy: str, seen: list[tuple[str, str | None, str | None]], exempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
    monkeypatch.setenv("NO_PROXY", exempt)
    with socket.create_server(("127.0.0.1", 0)) as nobody_listens_there:
        port = nobody_listens_there.getsockname()[1]
        with pytest.raises(ExternalError, match="cannot be reached, 5 times in a row"):
            at(f"https://127.0.0.2:{port}").reviews(7)
    assert seen == []


def test_this_machine_needs_none(
    proxy: str, seen: list[tuple[str, str | None, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")
    with running() as forge:
        assert client(forge).issues("mlops") == []
    assert seen == []


@pytest.mark.parametrize("address", ["socks5://x:1", "http://", "http://x:99999", "http://[x"])
def test_a_malformed_proxy_is_named_and_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(UsageError, match=r"^HTTPS_PROXY: is not the address of a proxy → write http://HOST:PORT$"):
        at("https://forge.invalid").reviews(7)


class Enterprise(Proxy):
    """GitHub Enterprise Server, asked by an app: `GET /user` is not for it."""

    def do_GET(self) -> None:
        self.seen.append((f"{self.command} {self.path}", None, self.headers.get("Authorization")))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b'{"data": {"viewer": {"login": "mlops[bot]"}}}'
        self.send_response(200 if self.path == "/api/graphql" else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name


def test_whose_token_it_is_on_github_enterprise(seen: list[tuple[str, str | None, str | None]]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Noting", (Enterprise,), {"seen": seen}))
    with serving(server):
        assert at(f"http://127.0.0.1:{server.server_port}/api/v3").login() == "mlops[bot]"
    assert [line for line, _, _ in seen] == ["GET /api/v3/user", "POST /api/graphql"]


class Impatient(Pauses):
    """A clock on which much time passes between two looks."""

    def seconds(self) -> float:
        self.made.append(40.0)
        return sum(self.made)


def test_an_answer_that_never_ends_is_given_up() -> None:
    with running() as forge:
        forge.faults.extend([Fault(200, b" " * 8_000_000)] * 5)
        with pytest.raises(ExternalError, match="did not end its answer within 60 s, 5 times in a row"):
            client(forge, pauses=Impatient()).reviews(7)


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A forge whose certificate only its own authority knows; its address, and that authority's file."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    words += ["-subj", "/CN=forge", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Noting", (Proxy,), {"seen": []}))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"https://127.0.0.1:{server.server_port}", certificate


def test_a_certificate_that_nobody_trusts(certified: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking again would not help."""
    address, authority = certified
    pauses = Pauses()
    with pytest.raises(ExternalError) as found:
        GitHub(ForgeTransport(address, TOKEN, pauses), "octo/demo").reviews(7)
    words = "has no trusted certificate → put its authority's certificate into the file that SSL_CERT_FILE names"
    assert words in refusal(found)
    assert pauses.made == []
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert at(address).reviews(7) == []


def test_a_server_that_speaks_something_else() -> None:
    with running() as forge, pytest.raises(ExternalError, match="cut the connection, 5 times in a row"):
        at(forge.address.replace("http://", "https://")).reviews(7)
