"""Whose fault it is: real servers with a fault each, and what a rollout, the ledger and status say of it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.adapters.git.ledger import GitLedger
from gitops_mlops.adapters.targets.process.golden import GoldenProcess
from gitops_mlops.adapters.targets.process.identity import ProcessIdentity
from gitops_mlops.domain.deployment.bundle import CONTRACT_FILE, MODEL_FILE, TRUSTED_TYPES_FILE
from gitops_mlops.domain.errors import BundleError
from gitops_mlops.domain.faults import ANSWERS, Cause
from gitops_mlops.usecases.lineage.ledger import read_ledger
from tests.conftest import Answer, Cli
from tests.integration.deploy_project import trained
from tests.integration.faulty_model import TYPES, faulty
from tests.integration.rollout_project import RolloutProject, only

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]


@pytest.fixture
def trusting_project(rollout_project: RolloutProject) -> RolloutProject:
    """Its models may bring types of their own."""
    trust(rollout_project)
    return rollout_project


def trust(project: RolloutProject, timeout: str = "20s") -> None:
    project.repo.write("trusted.yaml", TYPES)
    trusted = "input: contracts/credit.yaml\n    trusted-types: trusted.yaml"
    project.configure({"input: contracts/credit.yaml": trusted, "timeout: 20s": f"timeout: {timeout}"})


@pytest.fixture
def rollout_to_staging(trusting_project: RolloutProject, cli: Cli) -> Run:
    def call(*words: str, code: int = 0) -> Answer:
        answer = cli("rollout", "staging", "--push", *words, folder=trusting_project.root)
        assert answer.code == code, (answer.out, answer.err)
        assert "Traceback" not in answer.err
        return answer

    return call


def told(project: RolloutProject) -> list[tuple[str, str]]:
    events, _ = read_ledger(GitLedger(project.root), "credit", "staging")
    return [(event.result, event.reason) for event in events if event.kind == "deployment"]


def place(project: RolloutProject, cli: Cli) -> Any:
    (found,) = cli("status", "staging", "--json", folder=project.root).json
    return found


VERSION = [
    ("raises", "load", "cannot be loaded (RuntimeError: no such tree"),
    ("raises", "first", "the model fails on golden rows (RuntimeError: no such tree"),
    ("raises", "second", "golden predictions failed: the model failed"),
    ("asks to exit", "load", "cannot be loaded (SystemExit: 0)"),
    ("exits", "load", "with exit code 0"),
    ("exits", "second", "with exit code 0"),
    ("crashes", "load", "crashed the server (SIGSEGV)"),
    ("lies", "first", "golden row 0: probabilities differ by 0.1"),
    ("lies", "second", "golden row 0: probabilities differ by 0.1"),
    ("not finite", "second", "golden predictions failed: the model failed"),
    ("hangs", "load", "was not ready after 2 s"),
    ("always raises", "load", "cannot be loaded (RuntimeError: no such tree"),
    ("always raises", "first", "fails on its golden rows (RuntimeError: no such tree)"),
    ("always not finite", "first", "its golden predictions are not finite"),
    ("always crashes", "load", "crashed the process that requests its golden predictions (SIGSEGV)"),
    ("always crashes", "first", "crashed the process that requests its golden predictions (SIGSEGV)"),
    ("always exits", "first", "ended before it answered, with exit code 0"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "when", "says"), VERSION)
def test_a_fault_of_the_version_is_a_verdict_against_it(
    trusting_project: RolloutProject, rollout_to_staging: Run, fault: str, when: str, says: str
) -> None:
    if fault == "hangs":
        trust(trusting_project, timeout="2s")
    trusting_project.version("v0.0.1", faulty(fault, when))
    model = only(rollout_to_staging("--json", code=1))
    assert (model["result"], model["cause"], says in model["reason"]) == ("refused", "version", True), model["reason"]
    assert "this is a bug" not in model["reason"]
    ((result, reason),) = told(trusting_project)
    assert (result, says in reason) == ("refused", True)
    assert trusting_project.servers() == set()


OTHERS = [
    ("killed", "load", "place", 4, "was killed (SIGKILL)", "more memory"),
    ("killed", "second", "place", 4, "was killed (SIGKILL)", "more memory"),
    ("ended", "load", "place", 4, "ended the server (SIGTERM)", "find out who ended it"),
    ("memory", "load", "place", 4, "the memory of this machine is full", "give it more"),
    ("memory", "first", "place", 4, "the memory of this machine is full", "give it more"),
    ("memory", "second", "place", 4, "its memory is full", "repair this machine"),
    # On a full disk the server's words are lost, too.
    ("disk", "load", "place", 4, "it printed nothing", "free disk space"),
    ("disk", "first", "place", 4, "it printed nothing", "free disk space"),
    ("always memory", "first", "place", 4, "the memory of this machine is full", "more memory"),
    ("always killed", "first", "place", 4, "golden predictions was killed (SIGKILL)", "more memory"),
    ("always disk", "load", "place", 4, "golden predictions ended before it answered", "disk"),
    ("package", "load", "evidence", 3, "a_package_that_nobody_has", "install the packages"),
    ("bug", "load", "bug", 70, "this is a bug in gitops-mlops (AssertionError: as if we had erred)", "report it"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "when", "cause", "code", "says", "repair"), OTHERS)
def test_any_other_fault_leaves_the_version_its_attempt(
    trusting_project: RolloutProject,
    rollout_to_staging: Run,
    cli: Cli,
    fault: str,
    when: str,
    cause: str,
    code: int,
    says: str,
    repair: str,
) -> None:
    commit = trusting_project.version("v0.0.1", faulty(fault, when))
    model = only(rollout_to_staging("--json", code=code))
    assert (model["result"], model["cause"], says in model["reason"]) == ("failed", cause, True), model["reason"]
    ((result, reason),) = told(trusting_project)
    assert (result, reason.startswith(f"{cause}: "), says in reason) == ("failed", True, True)
    note = place(trusting_project, cli)["note"]
    assert note.startswith(f"failed ({cause}): v0.0.1 is not at fault and is tried again: ")
    assert (says in note, repair in note) == (True, True), note
    assert (trusting_project.held("staging"), trusting_project.servers()) == ([commit], set())


@pytest.mark.slow
@pytest.mark.parametrize("when", ["load", "first"])
def test_a_model_that_hangs_while_its_bundle_is_built_is_ended_and_refused(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    contract = "version: 1\ncolumns:\n  income: {type: float64}\n  age: {type: int64}\n"
    files = {CONTRACT_FILE: contract.encode(), TRUSTED_TYPES_FILE: TYPES.encode()}
    files[MODEL_FILE] = faulty("always hangs", when)
    begun = time.monotonic()
    with pytest.raises(BundleError) as refused:
        GoldenProcess(least=2).predict(files, {"income": [1.0], "age": [1]}, "credit v0.0.1", "contract.yaml", 0.5)
    # On a busy machine, time without a processor does not count: after eight seconds, nor does the model.
    assert 2 <= time.monotonic() - begun < 60
    said = refused.value
    assert said.message.startswith("the model did not return its golden predictions after 2 s")
    assert (said.where, said.hint, said.exit_code) == ("credit v0.0.1", ANSWERS[Cause.VERSION].repair, 1)
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert (str(tmp_path) in running, list(tmp_path.iterdir())) == (False, [])


def test_a_place_that_was_repaired_takes_the_version_it_failed(
    trusting_project: RolloutProject, rollout_to_staging: Run, cli: Cli
) -> None:
    """The port, the state folder and the log folder, one after the other, beside a version that serves."""
    first = trusting_project.version("v0.0.1", trained(1))
    rollout_to_staging()
    second = trusting_project.version("v0.0.2", trained(2))
    state = trusting_project.root / ".gitops-mlops"
    bundles = state / "bundles"
    shutil.move(bundles, state / "aside")
    bundles.write_text("a file where the folder should be stops root, too")
    answer = rollout_to_staging(code=4)
    assert "failed (place): " in answer.out
    assert "v0.0.1 serves" in answer.out
    assert trusting_project.held("staging") == [first, second]
    assert "make the folder writable" in place(trusting_project, cli)["note"]
    bundles.unlink()
    shutil.move(state / "aside", bundles)
    log = state / "predictions"
    shutil.rmtree(log)
    log.write_text("the log cannot be written, which is no reason not to serve")
    model = only(rollout_to_staging("--json"))
    assert (model["result"], model["current"]) == ("deployed", "v0.0.2")
    assert place(trusting_project, cli)["note"].startswith("its prediction log is not kept: rows will be lost (")
    assert [result for result, _ in told(trusting_project)] == ["deployed", "failed", "deployed"]


@pytest.mark.slow
def test_a_version_is_taken_back_after_its_own_fault_only(
    trusting_project: RolloutProject, rollout_to_staging: Run
) -> None:
    first = trusting_project.version("v0.0.1", trained(1))
    rollout_to_staging()
    second = trusting_project.version("v0.0.2", faulty("killed"))
    model = only(rollout_to_staging("--json", code=4))
    assert (model["result"], model["previous"], model["current"]) == ("failed", "v0.0.1", "v0.0.1")
    assert trusting_project.held("staging") == [first, second]
    third = trusting_project.version("v0.0.3", faulty("crashes"))
    # Back to the last version that served, past the one that the place failed.
    model = only(rollout_to_staging("--json", code=1))
    assert (model["result"], model["previous"], model["cause"]) == ("rolled back", "v0.0.3", "version")
    assert model["current"] == "v0.0.1"
    assert trusting_project.held("staging") == [first, second, third, first]


@pytest.mark.slow
def test_a_version_that_the_place_failed_and_a_rollback_passed_over_is_tried_again(
    trusting_project: RolloutProject, rollout_to_staging: Run
) -> None:
    first = trusting_project.version("v0.0.1", trained(1))
    rollout_to_staging()
    second = trusting_project.version("v0.0.2", trained(2))
    bundles = trusting_project.root / ".gitops-mlops/bundles"
    shutil.move(bundles, bundles.with_name("aside"))
    bundles.write_text("a file where the folder should be stops root, too")
    rollout_to_staging(code=4)
    bundles.unlink()
    shutil.move(bundles.with_name("aside"), bundles)
    third = trusting_project.version("v0.0.3", faulty("always raises"))
    assert only(rollout_to_staging("--json", code=1))["current"] == "v0.0.1"
    model = only(rollout_to_staging("--json"))
    assert (model["result"], model["previous"], model["current"]) == ("deployed", "v0.0.1", "v0.0.2")
    assert trusting_project.held("staging") == [first, second, third, first, second]
    assert only(rollout_to_staging("--json"))["result"] == "unchanged"


@pytest.mark.slow
def test_a_version_that_hangs_at_its_first_request_leaves_the_old_one_serving(
    trusting_project: RolloutProject, rollout_to_staging: Run, cli: Cli
) -> None:
    first = trusting_project.version("v0.0.1", trained(1))
    rollout_to_staging()
    trust(trusting_project, timeout="8s")
    second = trusting_project.version("v0.0.2", faulty("hangs", "second"))
    answer = cli("rollout", "staging", "--push", "--json", folder=trusting_project.root)
    model = only(answer)
    assert "the server did not return its golden predictions (does not answer (" in model["reason"]
    assert model["current"] == "v0.0.1"
    # Whether a process that waits is to blame, the machine has a say in.
    busy = "as this machine is busy" in model["reason"]
    expected = (
        (4, "failed", "place", [first, second]) if busy else (1, "rolled back", "version", [first, second, first])
    )
    assert (answer.code, model["result"], model["cause"], trusting_project.held("staging")) == expected
    assert len(trusting_project.servers_on(trusting_project.staging)) == 1


@pytest.mark.slow
def test_a_machine_that_fails_a_version_each_time_is_counted(
    trusting_project: RolloutProject, rollout_to_staging: Run, cli: Cli
) -> None:
    commit = trusting_project.version("v0.0.1", faulty("always killed", "load"))
    for attempts in (1, 2, 3):
        rollout_to_staging(code=4)
        note = place(trusting_project, cli)["note"]
        assert note.startswith("failed (place), 3 attempts: " if attempts == 3 else "failed (place): ")
    assert trusting_project.held("staging") == [commit]
    assert "nothing serves until then → gitops-mlops deploy staging --model credit" in note


@pytest.mark.slow
def test_a_server_that_was_ended_is_told_with_what_starts_it(
    trusting_project: RolloutProject, rollout_to_staging: Run, cli: Cli
) -> None:
    trusting_project.version("v0.0.1", trained(1))
    rollout_to_staging()
    (pid,) = trusting_project.servers()
    log = trusting_project.root / ".gitops-mlops/predictions/staging/credit"
    shutil.rmtree(log)
    log.write_text("")
    running = {"predictions": [{"id": f"{'0' * 32}-0", "label": 1}]}
    assert post(f"http://127.0.0.1:{trusting_project.staging}/feedback", running) == 503
    found = place(trusting_project, cli)
    assert (found["health"], found["sync"]) == ("Healthy", "Synced")
    assert "its prediction log is not kept: 1 rows are lost (" in found["note"]
    server = ProcessIdentity.of(pid)
    assert server is not None
    server.send(signal.SIGKILL)
    assert server.wait(30)
    found = place(trusting_project, cli)
    assert found["health"] == "Degraded"
    assert found["note"].endswith(" is gone → gitops-mlops deploy staging --model credit")
    assert only(rollout_to_staging("--json"))["result"] == "deployed"
    assert trusting_project.servers() != {pid}


def post(address: str, body: object) -> int:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
