from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.serving.running import GOLDEN, ROW, Running, Serve, until

pytestmark = pytest.mark.usefixtures("preloaded")

BODY = json.dumps({"dataframe_records": [ROW]}).encode()


class HalfSent:
    """A request of which the server has all but the last byte."""

    def __init__(self, running: Running, body: bytes = BODY) -> None:
        self._connection = running.connect()
        self._last = body[-1:]
        self._connection.putrequest("POST", "/invocations")
        self._connection.putheader("content-type", "application/json")
        self._connection.putheader("content-length", str(len(body)))
        self._connection.endheaders(body[:-1])

    def finish(self) -> http.client.HTTPResponse:
        self._connection.send(self._last)
        return self.answer()

    def answer(self) -> http.client.HTTPResponse:
        response = self._connection.getresponse()
        self.content = response.read()
        return response


def in_flight(running: Running) -> float:
    """How many requests are open, without the one that asks."""
    for line in running.call("/metrics").body.decode().splitlines():
        if line.startswith("gitops_mlops_in_flight "):
            return float(line.split()[1]) - 1
    raise AssertionError("no such metric")


def wait_for(running: Running, open_requests: int) -> None:
    until(lambda: in_flight(running) == open_requests)


def test_a_request_that_is_open_at_sigterm_is_answered_and_the_exit_code_is_0(
    made_bundle: Path, serve: Serve
) -> None:
    running = serve(made_bundle)
    request = HalfSent(running)
    wait_for(running, 1)
    running.process.send_signal(signal.SIGTERM)
    until(lambda: refused(running))
    response = request.finish()
    assert response.status == 200
    assert json.loads(request.content)["predictions"]
    assert running.stop(0) == (0, "")


def test_while_it_drains_it_is_not_ready_and_still_answers(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--drain-seconds", "20")
    running.process.send_signal(signal.SIGTERM)
    until(lambda: running.call("/v2/health/ready").status == 503)
    assert running.call("/v2/models/delay/ready").status == 503
    assert running.call("/ping").status == 503
    assert running.call("/v2/health/live").status == 200
    assert running.predict().status == 200
    # The second signal does not wait for the rest of the twenty seconds.
    assert running.stop() == (0, "")


def test_ctrl_c_is_an_interruption(made_bundle: Path, serve: Serve) -> None:
    assert serve(made_bundle).stop(signal.SIGINT) == (130, "")


def test_more_requests_than_allowed_are_told_to_come_back_and_health_still_answers(
    made_bundle: Path, serve: Serve
) -> None:
    running = serve(made_bundle, "--max-concurrency", "2")
    first, second = HalfSent(running), HalfSent(running)
    wait_for(running, 2)
    refused = running.predict()
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert "2 requests are being answered" in refused.json["error"]
    assert running.call("/v2/health/ready").status == 200
    assert (first.finish().status, second.finish().status) == (200, 200)
    assert running.predict().status == 200


def test_many_clients_at_once_get_their_own_answers(server: Running) -> None:
    alone = [server.predict(row).json["predictions"][0]["probability"] for row in GOLDEN]

    def ask(number: int) -> bool:
        answer = server.predict(GOLDEN[number % 3]).json["predictions"][0]
        return bool(answer["probability"] == alone[number % 3])

    with ThreadPoolExecutor(12) as clients:
        assert all(clients.map(ask, range(240)))


def test_health_is_answered_while_a_batch_is_computed(server: Running) -> None:
    body = {"inputs": {name: [ROW[name]] * 10_000 for name in ROW}}
    done = threading.Event()

    def batch() -> int:
        try:
            return len(server.call("/invocations", body).json["predictions"])
        finally:
            done.set()

    with ThreadPoolExecutor(1) as client:
        answer = client.submit(batch)
        answered = 0
        while not done.is_set():
            answered += server.call("/v2/health/ready").status == 200
        assert answer.result() == 10_000
    assert answered >= 2


def test_too_many_rows_and_too_large_a_body(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--max-rows", "2", "--max-body", "2000")
    assert running.predict(ROW, ROW).status == 200
    many = running.predict(ROW, ROW, ROW)
    assert (many.status, "3 rows, 2 are allowed" in many.json["error"]) == (413, True)
    large = running.call("/invocations", b" " * 2001)
    assert (large.status, "larger than 2000 bytes" in large.json["error"]) == (413, True)
    chunked = running.connect()
    chunked.request(
        "POST", "/invocations", iter([b" " * 1500] * 40), {"content-type": "application/json"}, encode_chunked=True
    )
    assert chunked.getresponse().status == 413


def test_a_declared_length_of_absurd_size_reserves_nothing(server: Running) -> None:
    connection = server.connect()
    connection.putrequest("POST", "/invocations")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "9" * 18)
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_a_connection_may_live_longer_than_one_request_may_take(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--body-seconds", "0.2")
    kept = running.connect()
    # Else http.client would quietly open a new connection.
    kept.auto_open = 0
    kept.connect()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        kept.request("POST", "/invocations", BODY, {"content-type": "application/json"})
        response = kept.getresponse()
        assert (response.status, bool(response.read())) == (200, True)


def test_a_body_that_trickles_is_a_408_and_headers_that_trickle_are_cut_off(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle, "--body-seconds", "0.3")
    slow = HalfSent(running)
    assert slow.answer().status == 408
    assert "did not arrive within 0.3 seconds" in json.loads(slow.content)["error"]
    for start in (b"", b"POST /invocations HTTP/1.1\r\nhost: x\r\n"):
        with socket.create_connection((running.address.hostname or "", running.address.port or 0), 20) as silent:
            silent.sendall(start)
            assert silent.recv(100) == b""
    # A connection that is kept alive may be slow neither with its second request.
    with socket.create_connection((running.address.hostname or "", running.address.port or 0), 20) as kept:
        kept.sendall(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200 OK" in kept.recv(1000)
        kept.sendall(b"GET /v2")
        while kept.recv(1000):
            pass
    assert running.predict().status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET /v2\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 100_000,
    ],
)
def test_what_is_no_http_is_a_400_in_json(server: Running, sent: bytes) -> None:
    with socket.create_connection((server.address.hostname or "", server.address.port or 0), 20) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := raw.recv(1000):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert "not HTTP/1.1" in json.loads(body)["error"]


def test_a_chunk_that_is_broken_in_the_middle_ends_the_connection(server: Running) -> None:
    with socket.create_connection((server.address.hostname or "", server.address.port or 0), 20) as raw:
        raw.sendall(
            b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n"
        )
        received = b""
        while chunk := raw.recv(1000):
            received += chunk
    assert b" 400 " in received.splitlines()[0]
    assert server.predict().status == 200


def test_a_client_that_leaves_in_the_middle_leaves_no_trace(made_bundle: Path, serve: Serve) -> None:
    running = serve(made_bundle)
    gone = HalfSent(running)
    wait_for(running, 1)
    gone._connection.close()
    wait_for(running, 0)
    assert running.predict().status == 200
    assert running.stop() == (0, "")


def test_a_third_signal_waits_for_no_request_and_the_log_is_written_all_the_same(
    made_bundle: Path, serve: Serve, tmp_path: Path
) -> None:
    running = serve(made_bundle, "--log-dir", str(tmp_path), "--drain-seconds", "20")
    assert running.predict().status == 200
    request = HalfSent(running)
    wait_for(running, 1)
    running.process.send_signal(signal.SIGTERM)
    until(lambda: running.call("/v2/health/ready").status == 503)
    running.process.send_signal(signal.SIGTERM)
    until(lambda: refused(running))
    assert running.stop() == (0, "")
    assert request.answer().status == 500
    assert len(list((tmp_path / "predictions").glob("*.parquet"))) == 1


def refused(running: Running) -> bool:
    try:
        running.call("/v2/health/live")
    except ConnectionError:
        return True
    return False
