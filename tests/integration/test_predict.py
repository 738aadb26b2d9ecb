"""predict against a real server, and against a bundle."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import polars as pl
import pytest

from gitops_mlops.adapters.inference import HttpInference
from gitops_mlops.domain.errors import ExternalError
from tests.conftest import Answer, Cli
from tests.integration.deploy_project import ROW, DeployProject

pytestmark = pytest.mark.usefixtures("preloaded")

EXTRA = {"income": 1500.0, "age": 30, "region": "south", "late": 1}


@pytest.fixture
def deployed(deploy_project: DeployProject, cli: Cli) -> DeployProject:
    deploy_project.release("v1.0.0", 1, "staging")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    return deploy_project


def test_rows_and_files_get_the_same_answers(deployed: DeployProject, cli: Cli, tmp_path: Path) -> None:
    def ask(*words: str) -> Answer:
        return cli("predict", "credit", "--env", "staging", *words, folder=deployed.root)

    one = ask("--row", json.dumps(ROW), "--json")
    (row,) = one.json
    assert set(row) == {"label", "probability", "prediction_id"}
    assert 0 < row["probability"] < 1
    assert row["label"] == int(row["probability"] >= 0.5)

    # A column that the model does not take is an error in a row that was typed, and left out of a file.
    refused = ask("--row", json.dumps(EXTRA))
    assert (refused.code, "'late'" in refused.err, refused.err.count("\n")) == (2, True, 1)
    rows = [{**EXTRA, "income": float(income)} for income in range(0, 2500, 1)]
    table = pl.DataFrame(rows)
    found = []
    for name in ("rows.csv", "rows.parquet", "rows.json", "rows.jsonl"):
        path = tmp_path / name
        ending = path.suffix
        write: dict[str, Callable[[Path], object]] = {
            ".csv": table.write_csv,
            ".parquet": table.write_parquet,
            ".json": table.write_json,
            ".jsonl": table.write_ndjson,
        }
        write[ending](path)
        out = tmp_path / f"answers{ending}"
        answer = ask("--data", str(path), "--out", str(out))
        assert answer.code == 0, answer.err
        assert f"{path}: not sent: late" in answer.err
        answers = bytes(out.read_bytes())
        assert len(answers) > 0
        read: dict[str, Callable[[Path], pl.DataFrame]] = {
            ".csv": pl.read_csv,
            ".parquet": pl.read_parquet,
            ".json": pl.read_json,
            ".jsonl": pl.read_ndjson,
        }
        found.append(read[ending](out)["probability"].to_list())
    assert len(found[0]) == 2500
    assert found[1:] == [found[0]] * 3
    assert found[0] == sorted(found[0])

    shown = ask("--data", str(tmp_path / "rows.csv"))
    assert "... 2500 rows" in shown.out


def test_what_the_server_refuses_is_passed_on(deployed: DeployProject, cli: Cli, tmp_path: Path) -> None:
    def ask(*words: str) -> Answer:
        answer = cli("predict", "credit", "--env", "staging", *words, folder=deployed.root)
        assert answer.err.count("\n") == 1
        return answer

    young = ask("--row", json.dumps({**ROW, "age": 3}))
    assert (young.code, "below the minimum 18" in young.err) == (2, True)
    assert ask("--row", "{").code == 2
    assert ask("--row", "[]").code == 2
    path = tmp_path / "rows.csv"
    path.write_text("income,age,region\n" + "1.0,30,north\n" * 1000 + "1.0,300,north\n")
    late = ask("--data", str(path))
    assert (late.code, "rows 1000 to 1000" in late.err) == (2, True)
    path.write_bytes(b"income,age,region\n1.0,30,caf\xe9\n")
    assert ask("--data", str(path)).code == 3
    broken = tmp_path / "rows.parquet"
    broken.write_bytes(b"PAR1 and then nothing")
    assert ask("--data", str(broken)).code == 3
    assert ask("--data", str(tmp_path / "absent.csv")).code == 2
    assert ask("--data", str(tmp_path / "rows.xlsx")).code == 2


def test_a_bundle_answers_as_it_would_when_deployed(deployed: DeployProject, cli: Cli, tmp_path: Path) -> None:
    (bundle,) = (deployed.root / ".gitops-mlops/bundles").iterdir()
    before = deployed.servers()
    live = cli("predict", "credit", "--env", "staging", "--row", json.dumps(ROW), "--json", folder=deployed.root)
    # Outside of any repository.
    words = ("predict", "credit", "--bundle", str(bundle), "--row", json.dumps(ROW), "--json")
    offline = cli(*words, folder=tmp_path)
    assert offline.code == 0, offline.err
    assert offline.json[0]["probability"] == live.json[0]["probability"]
    assert deployed.servers() == before

    (bundle / "model.skops").write_bytes(b"other")
    tampered = cli(*words, folder=tmp_path)
    assert (tampered.code, "model.skops was changed" in tampered.err) == (1, True)
    assert deployed.servers() == before
    other = cli("predict", "debit", *words[2:], folder=tmp_path)
    assert (other.code, "is a bundle of credit" in other.err) == (2, True)


def test_nobody_answers(deploy_project: DeployProject, cli: Cli, tmp_path: Path) -> None:
    deploy_project.release("v1.0.0", 1)
    words = ("predict", "credit", "--row", json.dumps(ROW))
    away = cli(*words, "--env", "staging", folder=deploy_project.root)
    assert (away.code, "gitops-mlops deploy staging" in away.err) == (4, True)
    assert cli(*words, folder=deploy_project.root).code == 2
    assert cli("predict", "credit", "--env", "staging", folder=deploy_project.root).code == 2
    assert cli(*words, "--bundle", str(tmp_path / "none"), folder=deploy_project.root).code == 3


class _Stranger(BaseHTTPRequestHandler):
    """A server that speaks HTTP and nothing that we understand."""

    answer = b"<html>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    "answer", [b"<html>", b"{}", b"[]", b"null", b'{"name": 1, "versions": []}', b"\xff", b"[" * 9999]
)
def test_a_stranger_at_the_port_is_nobody(answer: bytes) -> None:
    with HTTPServer(("127.0.0.1", 0), type("Handler", (_Stranger,), {"answer": answer})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert HttpInference().running(address, "credit") is None
        with pytest.raises(ExternalError):
            HttpInference().inputs(address, "credit")
        server.shutdown()
        thread.join()


def test_a_port_that_closes_connections_is_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert HttpInference().running(f"http://127.0.0.1:{listener.getsockname()[1]}", "credit") is None
        thread.join()


def test_a_table_about_something_else(deployed: DeployProject, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\x1b[31m,y\n1,2\n")
    answer = cli("predict", "credit", "--env", "staging", "--data", str(path), folder=deployed.root)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"error: {path}: no column is an input of the model → known: age, income, region, since\n"

    path.write_text("age,x\x1b[31m\n30,2\n")
    answer = cli("predict", "credit", "--env", "staging", "--data", str(path), folder=deployed.root)
    assert "not sent: x�[31m" in answer.err
