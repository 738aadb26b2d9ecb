"""The id of a request, and the line that a request leaves when the server is asked for it."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.integration.serving.running import GOLDEN, Running, Serve

LINE = re.compile(r"access id=([A-Za-z0-9._:+/=@-]{1,128}) ([A-Z%0-9]+) (\S*) status=(\d{3}) ms=(\d+\.\d) rows=(\d+)")
OURS = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("given", ["4f1c-22", "01HZX3:a.b+c/d=e@f", "a" * 128, "Root=1-67891233-abcdef012345"])
def test_a_sane_id_comes_back(server: Running, given: str) -> None:
    for path in ("/v2", "/v2/health/ready", "/nowhere", "/metrics"):
        assert server.call(path, **{"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["", " ", "a b", "a\tb", "a" * 129, "a\u00e9", "a;b", 'a"b', "a%0Ab", "<a>", "a status=200"]
)
def test_another_one_is_replaced(server: Running, given: str) -> None:
    reply = server.call("/v2", **{"x-request-id": given})
    assert reply.status == 200
    assert OURS.fullmatch(reply.headers["x-request-id"])


def test_predictions_are_named_by_the_server_whatever_the_client_names_its_request(server: Running) -> None:
    body = {"dataframe_records": [GOLDEN[0]]}
    replies = [server.call("/invocations", body, **{"x-request-id": "mine"}) for _ in range(2)]
    assert [reply.headers["x-request-id"] for reply in replies] == ["mine", "mine"]
    ids = [reply.json["predictions"][0]["prediction_id"] for reply in replies]
    assert len(set(ids)) == 2
    assert all(OURS.fullmatch(one.removesuffix("-0")) for one in ids)


@pytest.mark.slow
def test_each_request_is_one_line_in_order(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--access-log")
    running.call("/v2/health/live", **{"x-request-id": "one"})
    running.predict(*GOLDEN[:2])
    running.call("/nowhere?secret=hunter22", method="DELETE", **{"x-request-id": "three"})
    running.call("/invocations", {"inputs": {"nothing": [1]}})
    code, said = running.stop()
    assert code == 0
    found = [match.groups() for line in said.splitlines() if (match := LINE.fullmatch(line))]
    assert len(found) == len(said.splitlines()), said
    assert [(one[1], one[2], one[3], one[5]) for one in found] == [
        ("GET", "/v2/health/live", "200", "0"),
        ("POST", "/invocations", "200", "2"),
        ("DELETE", "/nowhere", "404", "0"),
        ("POST", "/invocations", "422", found[3][5]),
    ]
    assert [one[0] for one in found][::2] == ["one", "three"]
    assert "hunter22" not in said
    assert all(0 < float(one[4]) < 60_000 for one in found)


@pytest.mark.slow
def test_nobody_who_did_not_ask_gets_a_line(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle)
    running.predict(GOLDEN[0])
    assert running.stop() == (0, "")


HOSTILE = [
    b"GET /a%0Aaccess%20id=forged HTTP/1.1\r\nHost: x\r\n",
    b"GET /a%0d%0aaccess HTTP/1.1\r\nHost: x\r\nX-Request-Id: a access id=forged\r\n",
    b"GET /a\tb HTTP/1.1\r\nHost: x\r\n",
    b"GET /\xe2\x80\xa8access HTTP/1.1\r\nHost: x\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n access id=forged\r\n",
    b"G%0AET /a HTTP/1.1\r\nHost: x\r\n",
    b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n",
    b"GET http://x/a\x1b[2J HTTP/1.1\r\nHost: x\r\n",
]


@pytest.mark.slow
def test_no_client_forges_a_line(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--access-log")
    for request in HOSTILE:
        with socket.create_connection((running.address.hostname, running.address.port), timeout=20) as client:
            client.sendall(request + b"Connection: close\r\n\r\n")
            while client.recv(65536):
                pass
    _, said = running.stop()
    lines = said.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), said
    assert said.isascii()
    assert 1 <= len(lines) <= len(HOSTILE)
    assert max(map(len, lines)) < 450
    assert " id=forged" not in said
