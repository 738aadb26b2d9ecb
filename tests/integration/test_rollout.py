"""rollout with real servers: what enters, what is held back, and what is taken back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitops_mlops import bootstrap
from gitops_mlops.adapters.git.ledger import GitLedger
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.deployment.reconciliation import RunningServer
from gitops_mlops.usecases.deployment.rollout import rollout as run
from gitops_mlops.usecases.deployment.rollout_request import RolloutPorts, RolloutRequest
from gitops_mlops.usecases.lineage.ledger import read_ledger
from tests.conftest import Answer, Cli
from tests.integration.deploy_project import trained
from tests.integration.rollout_project import RolloutProject, only, unsteady
from tests.integration.serving.running import until

pytestmark = pytest.mark.usefixtures("preloaded")

Run = Callable[..., Answer]


@pytest.fixture
def rollout(rollout_project: RolloutProject, cli: Cli) -> Run:
    def call(*words: str, code: int = 0, folder: Path | None = None) -> Answer:
        answer = cli("rollout", *words, folder=folder or rollout_project.root)
        assert answer.code == code, (answer.out, answer.err)
        assert "Traceback" not in answer.err
        return answer

    return call


def told(project: RolloutProject, environment: str) -> list[tuple[str, str]]:
    events, _ = read_ledger(GitLedger(project.root), "credit", environment)
    return [(event.result, event.version) for event in events if event.kind == "deployment"]


def test_what_may_enters_and_serves(rollout_project: RolloutProject, rollout: Run, cli: Cli) -> None:
    first = rollout_project.version("v0.0.1", trained(1))
    # Nothing is in staging yet: production has nothing to take.
    model = only(rollout("production", "--push", "--json"))
    assert (model["result"], model["waiting"]) == ("empty", "")
    model = only(rollout("staging", "--push", "--json"))
    assert (model["result"], model["previous"], model["current"]) == ("deployed", "", "v0.0.1")
    model = only(rollout("production", "--push", "--json"))
    assert (model["result"], model["current"]) == ("deployed", "v0.0.1")
    assert (rollout_project.held("staging"), rollout_project.held("production")) == ([first], [first])

    refs = rollout_project.repo.git("ls-remote", "origin")
    servers = rollout_project.servers()
    for environment in ("staging", "production"):
        assert only(rollout(environment, "--push", "--json"))["result"] == "unchanged"
    assert rollout_project.repo.git("ls-remote", "origin") == refs
    assert rollout_project.servers() == servers
    second = rollout_project.version("v0.0.2", trained(2))
    # What production waits for is staging, not the newest.
    assert only(rollout("production", "--push", "--json"))["current"] == "v0.0.1"
    answer = rollout("staging", "--push")
    assert answer.out == f"credit in staging: v0.0.1 → v0.0.2 serves at http://127.0.0.1:{rollout_project.staging}\n"
    assert rollout_project.held("staging") == [first, second]
    assert cli("ledger", "verify", folder=rollout_project.root).code == 0


def test_a_version_that_answers_otherwise_is_taken_back(rollout_project: RolloutProject, rollout: Run) -> None:
    first = rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    servers = rollout_project.servers()
    second = rollout_project.version("v0.0.2", unsteady())
    model = only(rollout("staging", "--push", "--json", "--run", "https://ci.example/o/r/actions/runs/7", code=1))
    assert (model["result"], model["previous"], model["current"]) == ("rolled back", "v0.0.2", "v0.0.1")
    assert "golden" in model["reason"]
    assert rollout_project.held("staging") == [first, second, first]
    assert rollout_project.servers() == servers
    message = rollout_project.repo.git("-C", str(rollout_project.origin), "tag", "-n99", "--list", "credit#staging#*")
    assert "Reason: by rollout: " in message
    assert "Replaces: v0.0.2" in message
    assert told(rollout_project, "staging") == [("deployed", "v0.0.1"), ("refused", "v0.0.2")]

    # One attempt: not tried again by itself, neither here nor by another clone.
    refs = rollout_project.repo.git("ls-remote", "origin")
    assert only(rollout("staging", "--push", "--json"))["result"] == "unchanged"
    assert rollout_project.repo.git("ls-remote", "origin") == refs
    # The next one enters.
    rollout_project.version("v0.0.3", trained(3))
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.3"


def test_a_first_version_that_fails_has_nothing_to_go_back_to(rollout_project: RolloutProject, rollout: Run) -> None:
    commit = rollout_project.version("v0.0.1", unsteady())
    model = only(rollout("staging", "--push", "--json", code=1))
    assert (model["result"], model["current"]) == ("refused", "")
    assert "held no other version before" in model["reason"]
    assert rollout_project.held("staging") == [commit]
    rollout_project.version("v0.0.2", trained(1))
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.2"


def test_what_served_here_is_never_taken_back(rollout_project: RolloutProject, rollout: Run) -> None:
    rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    second = rollout_project.version("v0.0.2", trained(2))
    rollout("staging", "--push")
    for pid in rollout_project.servers():
        os.kill(pid, signal.SIGKILL)
    rollout_project.configure({"timeout: 20s": "timeout: 0s"})
    rollout_project.repo.commit("no patience")
    model = only(rollout("staging", "--push", "--json", code=1))
    assert (model["result"], model["current"]) == ("refused", "")
    assert rollout_project.held("staging")[-1] == second
    rollout_project.configure()
    rollout_project.repo.commit("patience")
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.2"


def test_policy_holds_a_version_back(rollout_project: RolloutProject, rollout: Run, cli: Cli) -> None:
    rollout_project.configure({"after: staging": "after: staging, promotion: {soak: 2h, verdicts: [pass]}"})
    rollout_project.version("v0.0.1", trained(1), verdict="warn")
    rollout("staging", "--push")
    answer = rollout("production", "--push")
    assert "credit v0.0.1 is waiting:" in answer.out
    assert "2h in staging" in answer.out
    assert "a comparison that ends in pass" in answer.out
    model = only(rollout("production", "--push", "--json"))
    assert (model["result"], model["waiting"], model["code"]) == ("empty", "v0.0.1", 0)
    assert [refusal["rule"] for refusal in model["refusals"]] == ["verdict", "2h in staging"]
    assert rollout_project.held("production") == []


def test_a_version_that_nobody_measured_is_held_back(rollout_project: RolloutProject, rollout: Run) -> None:
    rollout_project.version("v0.0.1", trained(1), verdict="")
    model = only(rollout("staging", "--push", "--json"))
    assert (model["waiting"], model["code"]) == ("v0.0.1", 0)
    assert "no comparison is recorded" in model["refusals"][0]["observed"]


def test_a_version_of_another_branch_does_not_enter(rollout_project: RolloutProject, rollout: Run) -> None:
    rollout_project.version("v0.0.1", trained(1))
    rollout_project.repo.git("checkout", "--quiet", "-b", "side")
    rollout_project.version("v0.0.2", trained(2))
    rollout_project.repo.git("checkout", "--quiet", "main")
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.1"


def test_the_button(rollout_project: RolloutProject, rollout: Run, cli: Cli) -> None:
    """A person rolls back; rollout brings it to run and does not undo it."""
    first = rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    second = rollout_project.version("v0.0.2", trained(2))
    rollout("staging", "--push")
    assert cli("rollback", "credit", "staging", "--reason", "odd", "--push", folder=rollout_project.root).code == 0
    model = only(rollout("staging", "--no-promote", "--push", "--json"))
    assert (model["result"], model["current"]) == ("deployed", "v0.0.1")
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.1"
    assert rollout_project.held("staging") == [first, second, first]


def test_no_promote_lets_nothing_in(rollout_project: RolloutProject, rollout: Run) -> None:
    rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    rollout_project.version("v0.0.2", trained(2))
    assert only(rollout("staging", "--push", "--no-promote", "--json"))["current"] == "v0.0.1"


def test_a_stage_that_is_empty_on_purpose_stays_so(rollout_project: RolloutProject, rollout: Run, cli: Cli) -> None:
    rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    assert cli("retire", "credit#staging", "--reason", "sold", "--push", folder=rollout_project.root).code == 0
    assert only(rollout("staging", "--push", "--json"))["result"] == "stopped"
    rollout_project.version("v0.0.2", trained(2))
    assert only(rollout("staging", "--push", "--json"))["result"] == "unchanged"
    assert rollout_project.servers() == set()


def test_a_dry_run_writes_and_starts_nothing(rollout_project: RolloutProject, rollout: Run) -> None:
    rollout_project.version("v0.0.1", trained(1))
    refs = rollout_project.repo.git("ls-remote", "origin")
    rollout("staging", "--push", "--dry-run", "--json")
    assert (rollout_project.repo.git("ls-remote", "origin"), rollout_project.servers()) == (refs, set())
    assert rollout_project.repo.git("tag", "--list", "*#*") == ""


def test_a_port_that_somebody_else_has_is_no_fault_of_the_version(
    rollout_project: RolloutProject, rollout: Run
) -> None:
    first = rollout_project.version("v0.0.1", trained(1))
    with socket.create_server(("127.0.0.1", rollout_project.staging)):
        model = only(rollout("staging", "--push", "--json", code=4))
    assert (model["result"], "the port is taken" in model["reason"]) == ("failed", True)
    assert rollout_project.held("staging") == [first]
    # An error is in the ledger, too.
    assert told(rollout_project, "staging") == [("failed", "v0.0.1")]
    assert only(rollout("staging", "--push", "--json"))["current"] == "v0.0.1"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("stagng",), 2, "no environment is called 'stagng'"),
        (("staging", "--web", "javascript:alert(1)"), 2, "is not an address"),
    ],
)
def test_bad_words(
    rollout_project: RolloutProject, rollout: Run, words: tuple[str, ...], code: int, says: str
) -> None:
    rollout_project.version("v0.0.1", trained(1))
    assert says in rollout(*words, code=code).err


def test_a_version_that_stops_serving_after_the_switch_is_taken_back(rollout_project: RolloutProject) -> None:
    first = rollout_project.version("v0.0.1", trained(1))
    repository = bootstrap.repository(rollout_project.root)
    config = parse_config((rollout_project.root / "mlops.yaml").read_bytes())
    real = bootstrap.deploy_ports(rollout_project.root, config)

    class Failing:
        """A client to whom v0.0.2 is not ready at its public address, and the clock of who waits for it."""

        inputs, predict, sleep = real.client.inputs, real.client.predict, real.timer.sleep
        waited = 0.0

        def seconds(self) -> float:
            return real.timer.seconds() + self.waited

        def running(self, address: str, model: str) -> RunningServer | None:
            found = real.client.running(address, model)
            bad = found is not None and found.version == "v0.0.2" and address.endswith(f":{rollout_project.staging}")
            self.waited += 10 * bad
            return replace(found, ready=False) if found and bad else found

    failing = Failing()

    ports = RolloutPorts(
        bootstrap.registrar(repository),
        bootstrap.bundle_sources(repository),
        replace(real, client=failing, timer=failing),
        bootstrap.ledger(repository),
        None,
        lambda line: None,
    )
    assert run(RolloutRequest("staging", push=True), ports).code == 0
    second = rollout_project.version("v0.0.2", trained(2))
    ports = replace(ports, registrar=bootstrap.registrar(bootstrap.repository(rollout_project.root)))
    (model,) = run(RolloutRequest("staging", push=True), ports).models
    assert (model.result, model.previous, model.current, model.code) == ("rolled back", "v0.0.2", "v0.0.1", 1)
    assert "passed its health gate, but" in model.reason
    assert rollout_project.held("staging") == [first, second, first]
    assert told(rollout_project, "staging") == [("deployed", "v0.0.1"), ("refused", "v0.0.2"), ("deployed", "v0.0.1")]
    assert len(rollout_project.servers()) == 1


def test_one_broken_model_leaves_the_other_its_rollout(rollout_project: RolloutProject, rollout: Run) -> None:
    port = rollout_project.add_model("other")
    rollout_project.version("v0.0.1", trained(1))
    rollout_project.version("v0.0.1", trained(3), artifact="other")
    models = rollout("staging", "--push", "--json").json["models"]
    assert [model["result"] for model in models] == ["deployed", "deployed"]
    rollout_project.version("v0.0.2", unsteady())
    rollout_project.version("v0.0.2", trained(2), artifact="other")
    credit, second = rollout("staging", "--push", "--json", code=1).json["models"]
    assert (credit["result"], credit["current"]) == ("rolled back", "v0.0.1")
    assert (second["result"], second["current"], second["address"]) == (
        "deployed",
        "v0.0.2",
        f"http://127.0.0.1:{port}",
    )


def test_two_rollouts_at_once_end_as_one(rollout_project: RolloutProject, rollout: Run, tmp_path: Path) -> None:
    """Two jobs on one machine, each in its own clone: the version is taken back once."""
    state = tmp_path / "state"
    first = rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push", "--state", str(state))
    second = rollout_project.version("v0.0.2", unsteady())
    clone = tmp_path / "clone"
    rollout_project.repo.git("clone", "--quiet", str(rollout_project.origin), str(clone))
    shutil.copytree(rollout_project.root / ".dvc/cache", clone / ".dvc/cache")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "gitops_mlops", "-C"]
    words = ["rollout", "staging", "--push", "--state", str(state)]
    jobs = [
        subprocess.Popen(
            [*command, str(folder), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for folder in (rollout_project.root, clone)
    ]
    said = [job.communicate()[0].decode() for job in jobs]
    assert 1 in [job.returncode for job in jobs], said
    assert {job.returncode for job in jobs} <= {0, 1}, said
    assert rollout_project.held("staging") == [first, second, first], said
    assert only(rollout("staging", "--push", "--state", str(state), "--json"))["current"] == "v0.0.1"
    rollout("staging", "--push", "--state", str(state))
    stopped = subprocess.run(
        [*command, str(clone), "deploy", "staging", "--stop", "--state", str(state)], env=environment, check=False
    )
    assert stopped.returncode == 0


KILLED = """\
import os, sys
from gitops_mlops.cli.app import run
from {module} import {owner}
real = {owner}.{step}
def killed(*words, **more):
    {before}
    os.kill(os.getpid(), 9)
{owner}.{step} = killed
run(sys.argv[1:])
"""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("module", "owner", "step"),
    [
        ("gitops_mlops.adapters.git.repository", "GitRepository", "create_tag"),
        ("gitops_mlops.adapters.git.repository", "GitRepository", "push"),
        ("gitops_mlops.adapters.git.ledger", "GitLedger", "append"),
        ("gitops_mlops.adapters.targets.process", "ProcessTarget", "start"),
        ("gitops_mlops.adapters.targets.process", "ProcessTarget", "discard"),
    ],
)
def test_a_rollout_that_was_killed_is_finished_by_the_next(
    rollout_project: RolloutProject, rollout: Run, module: str, owner: str, step: str, after: bool
) -> None:
    """Killed before or after a step on the way to taking a version back: the next one ends where it would have."""
    first = rollout_project.version("v0.0.1", trained(1))
    rollout("staging", "--push")
    second = rollout_project.version("v0.0.2", unsteady())
    before = "real(*words, **more)" if after else "pass"
    script = KILLED.format(module=module, owner=owner, step=step, before=before)
    words = [sys.executable, "-c", script, "-C", str(rollout_project.root), "rollout", "staging", "--push"]
    source = str(Path(__file__).parents[2])
    ended = subprocess.run(words, env={**os.environ, "PYTHONPATH": source}, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    # What is left to be taken back is a failure; what nothing is left of is none.
    for code in (1, 0):
        assert only(rollout("staging", "--push", "--json", code=code))["current"] == "v0.0.1"
    assert rollout_project.held("staging") == [first, second, first]
    # A server whose deployer was killed ends when it finds that out.
    until(lambda: len(rollout_project.servers()) == 1)
