"""deploy and status with real servers on the loopback interface."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from gitops_mlops import bootstrap
from gitops_mlops.adapters.targets.process.identity import ProcessIdentity
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.deployment.bundle import make_golden
from gitops_mlops.domain.deployment.inference import InferenceResult
from gitops_mlops.usecases.deployment import bundle as bundles
from gitops_mlops.usecases.deployment.deploy import DeployResult, deploy
from gitops_mlops.usecases.deployment.health_gate import DeployPorts
from tests.conftest import Answer, Cli, Repo
from tests.integration.deploy_project import ROW, DeployProject, trained
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("preloaded")

SOURCE = str(Path(__file__).parents[2])


Run = Callable[..., Answer]


def state(run: Run, code: int) -> Any:
    (place,) = run("status", "staging", "--json", code=code).json
    return place


def test_a_version_is_deployed_once(
    deploy_project: DeployProject, run_deploy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-of-the-token")
    commit = deploy_project.release("v1.0.0", 1, "staging")
    planned = run_deploy("deploy", "staging", "--dry-run", "--json").json
    assert [(place["result"], place["step"]) for place in planned] == [("planned", "start")]
    assert deploy_project.servers() == set()

    first = run_deploy("deploy", "staging")
    (pid,) = deploy_project.servers()
    assert first.out == f"credit in staging: v1.0.0 serves at http://127.0.0.1:{deploy_project.staging}\n"

    again = run_deploy("deploy", "staging")
    assert ("nothing to do" in again.out, deploy_project.servers()) == (True, {pid})
    place = state(run_deploy, 0)
    assert (place["sync"], place["health"], place["note"]) == ("Synced", "Healthy", "")
    assert place["running"]["commit"] == commit
    assert place["since"] is not None

    environment = Path(f"/proc/{pid}/environ").read_text()
    assert "PATH=" in environment
    assert "canary" not in environment
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert os.getsid(pid) == pid


class Traffic:
    """Clients that ask without a pause, half of them over one connection, half over a new one each time."""

    def __init__(self, port: int, clients: int = 4) -> None:
        self.failures: list[str] = []
        self.versions: list[str] = []
        self._url = f"http://127.0.0.1:{port}/v2/models/credit/infer"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(index % 2 == 0,)) for index in range(clients)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, keep: bool) -> None:
        tensors = [
            {"name": "income", "datatype": "FP64", "shape": [1], "data": [ROW["income"]]},
            {"name": "age", "datatype": "INT64", "shape": [1], "data": [ROW["age"]]},
            {"name": "region", "datatype": "BYTES", "shape": [1], "data": [ROW["region"]]},
        ]
        headers = {"content-type": "application/json"} | ({} if keep else {"connection": "close"})
        with urllib3.PoolManager(maxsize=1) as pool:
            while not self._over.is_set():
                try:
                    answer = pool.request(
                        "POST", self._url, json={"inputs": tensors}, headers=headers, retries=False, timeout=30
                    )
                    body = answer.json()
                    (self.versions if answer.status == 200 else self.failures).append(body.get("model_version", body))
                except Exception as error:
                    self.failures.append(repr(error))


def test_no_request_is_lost_while_versions_change(deploy_project: DeployProject, run_deploy: Run) -> None:
    first = deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    deploy_project.release("v1.1.0", 2, "staging")
    with Traffic(deploy_project.staging) as traffic:
        forth = run_deploy("deploy", "staging")
        deploy_project.assign("staging", first)
        back = run_deploy("deploy", "staging")
    assert "v1.0.0 → v1.1.0 serves" in forth.out
    assert "v1.1.0 → v1.0.0 serves" in back.out
    assert traffic.failures == []
    assert set(traffic.versions) == {"v1.0.0", "v1.1.0"}
    assert len(deploy_project.servers()) == 1


def test_a_version_that_is_not_ready_in_time_is_not_let_in(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    before = deploy_project.servers()
    deploy_project.release("v1.1.0", 2, "staging")
    deploy_project.configure({"timeout: 20s": "timeout: 0.01s"})
    refused = run_deploy("deploy", "staging", code=1)
    assert "v1.1.0 was rejected: the server was not ready after 0.01 s" in refused.out
    assert "v1.0.0 keeps serving" in refused.out
    assert deploy_project.servers() == before
    place = state(run_deploy, 1)
    assert (place["sync"], place["health"], place["running"]["version"]) == ("OutOfSync", "Healthy", "v1.0.0")
    assert "not ready" in place["note"]


def test_a_server_that_finds_other_predictions_is_not_let_in(
    deploy_project: DeployProject, run_deploy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    before = deploy_project.servers()
    deploy_project.release("v1.1.0", 2, "staging")
    honest = make_golden

    def elsewhere(*arguments: Any, **options: Any) -> Any:
        golden = honest(*arguments, **options)
        return golden.model_copy(update={"labels": (1 - int(golden.labels[0]), *golden.labels[1:])})

    monkeypatch.setattr(bundles, "make_golden", elsewhere)
    refused = run_deploy("deploy", "staging", code=1)
    assert "the server ended before it was ready" in refused.out
    assert "golden row 0: predicted" in refused.out
    assert deploy_project.servers() == before


def test_the_gate_asks_the_endpoint_itself(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    before = deploy_project.servers()
    deploy_project.release("v1.1.0", 2, "staging")
    config = parse_config((deploy_project.root / "mlops.yaml").read_bytes())
    real = bootstrap.deploy_ports(deploy_project.root, config)

    class Crooked:
        """A client that sees probabilities a little beside what the server said."""

        def running(self, address: str, model: str) -> Any:
            return real.client.running(address, model)

        def inputs(self, address: str, model: str) -> Any:
            return real.client.inputs(address, model)

        def predict(self, address: str, model: str, rows: Any, patience: float = 10) -> InferenceResult:
            answers = real.client.predict(address, model, rows, patience)
            return InferenceResult(answers.labels, probability=tuple(value + 1e-5 for value in answers.probability))

    repository = bootstrap.repository(deploy_project.root)
    world = DeployPorts(real.target, Crooked(), real.clock, real.timer)
    (outcome,) = deploy(
        config,
        repository,
        bootstrap.bundle_sources(repository),
        world,
        lambda _: None,
        ["staging"],
    )
    assert outcome.result is DeployResult.REFUSED
    assert outcome.reason == "golden row 0: probabilities differ by 1e-05, allowed is 1e-06"
    assert (outcome.current, deploy_project.servers()) == ("v1.0.0", before)


def test_a_tampered_model_is_not_deployed(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    cached = deploy_project.cached(trained(1))
    content = cached.read_bytes()
    cached.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "damaged" in run_deploy("deploy", "staging", code=3).err
    cached.unlink()
    assert "not cached, and no DVC remote provided it" in run_deploy("deploy", "staging", code=3).err
    assert deploy_project.servers() == set()


def test_a_model_that_was_not_registered_is_not_deployed(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging", sha256="0" * 64)
    assert "is not the model that was registered" in run_deploy("deploy", "staging", code=3).err
    assert deploy_project.servers() == set()
    assert not (deploy_project.root / ".gitops-mlops/bundles").exists()


def test_a_killed_server_is_seen_and_healed(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    (pid,) = deploy_project.servers()
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    os.kill(pid, signal.SIGKILL)
    assert identity.wait(10)
    place = state(run_deploy, 1)
    assert (place["sync"], place["health"]) == ("OutOfSync", "Degraded")
    assert f"its process {pid} is gone" in place["note"]
    run_deploy("deploy", "staging")
    assert state(run_deploy, 0)["health"] == "Healthy"
    assert len(deploy_project.servers()) == 1


def test_a_port_that_another_process_has(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    with socket.create_server(("127.0.0.1", deploy_project.staging)):
        assert f"127.0.0.1:{deploy_project.staging}: the port is taken" in run_deploy("deploy", "staging", code=4).err
    assert deploy_project.servers() == set()
    run_deploy("deploy", "staging")


def test_nothing_assigned_stops_nothing(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    before = deploy_project.servers()
    assert "no version is assigned to production" in run_deploy("deploy", "production", code=3).err
    together = run_deploy("deploy", "--json").json
    assert [place["result"] for place in together] == ["unchanged", "unassigned"]
    for tag in deploy_project.repo.git("tag", "--list").split():
        deploy_project.repo.git("tag", "--delete", tag)
    assert "what runs is left alone" in run_deploy("deploy", code=3).err
    assert "no version is assigned" in run_deploy("status", code=3).err
    assert deploy_project.servers() == before


def test_a_shallow_clone_cannot_decide(deploy_project: DeployProject, cli: Cli, tmp_path: Path) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    deploy_project.release("v1.1.0", 2)
    clone = tmp_path / "clone"
    deploy_project.repo.git("clone", "--quiet", "--depth", "1", f"file://{deploy_project.root}", str(clone))
    for command in ("deploy", "status"):
        answer = cli(command, folder=clone)
        assert (answer.code, "shallow" in answer.err, answer.err.count("\n")) == (3, True, 1)


def test_stop_is_on_purpose_and_deploy_starts_again(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    assert "--stop needs the environment" in run_deploy("deploy", "--stop", code=2).err
    assert run_deploy("deploy", "staging", "--stop").out == "credit in staging: stopped\n"
    assert deploy_project.servers() == set()
    assert state(run_deploy, 1)["health"] == "Suspended"
    assert run_deploy("deploy", "--stop", "staging", "production").out.count("did not run") == 2
    run_deploy("deploy", "staging")
    assert state(run_deploy, 0)["health"] == "Healthy"


def test_the_log_holds_what_clients_asked_and_not_the_health_gate(
    deploy_project: DeployProject, run_deploy: Run
) -> None:
    import polars as pl

    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    run_deploy("predict", "credit", "--env", "staging", "--row", json.dumps(ROW))
    run_deploy("deploy", "staging", "--stop")
    log = deploy_project.root / ".gitops-mlops" / "predictions" / "staging" / "credit" / "predictions"
    assert pl.read_parquet(log / "*.parquet")["income"].to_list() == [ROW["income"]]


def test_two_deploys_at_once_make_one_server(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    command = [sys.executable, "-m", "gitops_mlops", "-C", str(deploy_project.root), "deploy", "staging", "--json"]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, code in ended] == [0, 0], ended
    assert sorted(json.loads(out)[0]["result"] for (out, _), _ in ended) == ["deployed", "unchanged"]
    assert len(deploy_project.servers()) == 1


def test_a_deploy_that_is_killed_leaves_no_server(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    repository = bootstrap.repository(deploy_project.root)
    run_deploy("deploy", "staging")
    run_deploy("deploy", "staging", "--stop")
    (bundle,) = (deploy_project.root / ".gitops-mlops/bundles").iterdir()
    script = f"""
import sys
from pathlib import Path
from gitops_mlops import bootstrap
from gitops_mlops.domain.deployment.reconciliation import Place
target = bootstrap.process_target(Path({str(repository.root)!r}))
place = Place("staging", "credit", "127.0.0.1", {deploy_project.staging})
candidate = target.start(place, Path({str(bundle)!r}), "sha256:{bundle.name}")
print(target._started[candidate.id].slot.pid, flush=True)
sys.stdin.read()
"""
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    deployer = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with deployer:
        assert deployer.stdout is not None
        identity = ProcessIdentity.of(int(deployer.stdout.readline()))
        assert identity is not None
        deployer.kill()
    assert identity.wait(60)
    run_deploy("deploy", "staging")


def test_an_interrupted_deploy_leaves_no_server(deploy_project: DeployProject) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    command = [sys.executable, "-m", "gitops_mlops", "-C", str(deploy_project.root), "deploy", "staging"]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as deployer:
        assert deployer.stderr is not None
        assert any("v1.0.0 starts" in line for line in deployer.stderr)
        deployer.send_signal(signal.SIGINT)
        assert "interrupted" in deployer.stderr.read()
    assert deployer.returncode == 130
    # A server that was only just started ends by itself, when it finds that its deployer is gone.
    for identity in filter(None, map(ProcessIdentity.of, deploy_project.servers())):
        assert identity.wait(60)
    assert deploy_project.servers() == set()


def test_a_server_that_hangs_is_replaced(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    (pid,) = deploy_project.servers()
    os.kill(pid, signal.SIGSTOP)
    place = state(run_deploy, 1)
    assert (place["health"], "does not answer" in place["note"]) == ("Degraded", True)
    run_deploy("deploy", "staging")
    assert pid not in deploy_project.servers()
    assert state(run_deploy, 0)["health"] == "Healthy"


def test_a_deploy_that_died_while_the_port_changed_hands_is_finished(
    deploy_project: DeployProject, run_deploy: Run
) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    path = deploy_project.root / ".gitops-mlops/processes/staging/credit.json"
    record = json.loads(path.read_text())
    # As if the process had died after the candidate was given the port and before that was written down.
    path.write_text(json.dumps({**record, "candidate": record["current"], "current": None}))
    assert state(run_deploy, 0)["health"] == "Healthy"
    before = deploy_project.servers()
    deploy_project.release("v1.1.0", 2, "staging")
    run_deploy("deploy", "staging")
    assert len(deploy_project.servers()) == 1
    assert not before & deploy_project.servers()


def test_a_server_that_we_lost_track_of(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    deploy_project.repo.git("clean", "-fdxq", "--", ".gitops-mlops")
    place = state(run_deploy, 0)
    assert (place["health"], "lost track" in place["note"]) == ("Healthy", True)
    assert "nothing to do" in run_deploy("deploy", "staging").out
    before = deploy_project.servers_on(deploy_project.staging)
    deploy_project.release("v1.1.0", 2, "staging")
    assert "the port is taken" in run_deploy("deploy", "staging", code=4).err
    assert deploy_project.servers_on(deploy_project.staging) == before


def test_a_broken_record_is_one_line(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    path = deploy_project.root / ".gitops-mlops/processes/staging/credit.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    for command in ("deploy", "status"):
        assert "not a record that a deploy wrote" in run_deploy(command, "staging", code=4).err


def test_a_changed_port_moves_the_server(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    (deploy_project.staging,) = free_ports(1)
    deploy_project.configure()
    assert "does not answer" in state(run_deploy, 1)["note"]
    run_deploy("deploy", "staging")
    assert state(run_deploy, 0)["address"].endswith(f":{deploy_project.staging}")
    assert len(deploy_project.servers()) == 1


def test_a_repository_with_a_long_path(repo: Repo, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unix sockets have names of about 100 bytes; the folder for temporary files may be no shorter."""
    root = tmp_path / ("long" * 20) / ("path" * 20)
    shutil.copytree(repo.root, root)
    monkeypatch.setenv("TMPDIR", str(root.parent))
    monkeypatch.setattr(tempfile, "tempdir", None)
    project = DeployProject(Repo(root))
    try:
        project.release("v1.0.0", 1, "staging")
        assert cli("deploy", "staging", folder=root).code == 0
        project.release("v1.1.0", 2, "staging")
        assert cli("deploy", "staging", folder=root).code == 0
        assert len(project.servers()) == 1
    finally:
        project.clean_up()


def test_the_same_version_gives_the_same_bundle(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    run_deploy("deploy", "staging")
    folder = deploy_project.root / ".gitops-mlops/bundles"
    (first,) = folder.iterdir()
    manifest = json.loads((first / "bundle.json").read_text())
    # The first row of the data breaks the contract; the target is no input.
    assert manifest["golden"]["rows"][0]["income"] == 0.0
    assert all(set(row) == {"income", "age", "region", "since"} for row in manifest["golden"]["rows"])
    (first / "model.skops").write_bytes(b"damaged")
    run_deploy("deploy", "staging", "--stop")
    run_deploy("deploy", "staging")
    assert [path.name for path in folder.iterdir()] == [first.name]


def test_a_refused_word_costs_nothing(deploy_project: DeployProject, run_deploy: Run) -> None:
    deploy_project.release("v1.0.0", 1, "staging")
    assert "perhaps you meant 'staging'" in run_deploy("deploy", "stagin", code=2).err
    assert "perhaps you meant 'credit'" in run_deploy("deploy", "--model", "credits", code=2).err
    assert "exclude each other" in run_deploy("deploy", "staging", "--stop", "--dry-run", code=2).err


def test_what_runs_is_remembered_outside_of_a_clone_that_is_wiped(
    deploy_project: DeployProject, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in CI removes what git does not track, and the next job may have another clone."""
    monkeypatch.setenv("GITOPS_MLOPS_STATE", str(tmp_path / "state"))
    deploy_project.release("v1.0.0", 1, "staging")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    (tmp_path / "state/bundles").resolve(strict=True)
    assert not (deploy_project.root / ".gitops-mlops").exists()
    deploy_project.repo.git("clean", "-fdxq", "--exclude", ".dvc")
    clone = tmp_path / "clone"
    shutil.copytree(deploy_project.root, clone)
    answer = cli("status", "staging", "--json", folder=clone)
    assert (answer.code, answer.json[0]["note"]) == (0, "")
    deploy_project.release("v1.1.0", 2, "staging")
    assert cli("deploy", "staging", folder=deploy_project.root).code == 0
    (place,) = cli("status", "staging", "--json", folder=deploy_project.root).json
    assert (place["running"]["version"], place["health"]) == ("v1.1.0", "Healthy")
    # An option counts more than the environment.
    elsewhere = cli("status", "staging", "--json", "--state", "../other", folder=deploy_project.root).json
    assert "did not start it" in elsewhere[0]["note"]
    assert cli("deploy", "staging", "--stop", folder=deploy_project.root).code == 0
