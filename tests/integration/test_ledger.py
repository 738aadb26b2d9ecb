"""The ledger's branch in real repositories: written, shared, merged, tampered with, verified."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.adapters.git.ledger import GitLedger
from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.lineage.openlineage import deployment_lines, deployment_run
from gitops_mlops.domain.registry.ledger import LedgerEvent
from gitops_mlops.usecases.lineage.ledger import read_ledger, verify
from gitops_mlops.usecases.lineage.record import sync
from tests.conftest import Answer, Cli, Repo
from tests.integration.registry_project import Project

SOURCE = Path(__file__).parents[2]
BRANCH = "refs/heads/mlops-ledger"


@pytest.fixture
def origin(repo: Repo, tmp_path: Path) -> Repo:
    """The bare repository that `repo` and its clones share."""
    repo.git("init", "--quiet", "--bare", "--initial-branch", "main", str(tmp_path / "origin.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return Repo(tmp_path / "origin.git")


@pytest.fixture
def pushed_model(repo: Repo, origin: Repo) -> Project:
    """A model that can be registered, its commit on the remote."""
    made = Project(repo)
    made.train(b"one")
    made.report(b"one")
    repo.git("push", "--quiet", "origin", "main")
    return made


def clone(origin: Repo, name: str, *options: str) -> Repo:
    target = origin.root.parent / name
    origin.git("clone", "--quiet", *options, f"file://{origin.root}", str(target))
    return Repo(target)


def deployment(number: int, **changes: Any) -> LedgerEvent:
    moment = datetime.fromtimestamp(1_790_000_000 + number, UTC)
    event = LedgerEvent(moment, "deployment", "delay", "v0.0.1", "c" * 40, "production", result="deployed")
    event = event._replace(address="http://127.0.0.1:8080", bundle=f"sha256:{number}", **changes)
    return event._replace(run=deployment_run(event))


def put(ledger: GitLedger, *events: LedgerEvent) -> int:
    lines: dict[str, list[str]] = {}
    for event in events:
        lines.setdefault(event.file, []).extend(deployment_lines(event))
    return ledger.append(lines)


def events(repo: Repo) -> list[LedgerEvent]:
    found, warnings = read_ledger(GitLedger(repo.root))
    assert warnings == []
    return found


def lines(repo: Repo, ref: str = BRANCH) -> list[str]:
    """Every line of a branch, as git alone shows it."""
    files = repo.git("ls-tree", "-r", "--name-only", ref).splitlines()
    return [line for file in files for line in repo.git("show", f"{ref}:{file}").splitlines()]


def wrong(repo: Repo) -> list[str]:
    findings = verify(GitRepository.around(repo.root), GitLedger(repo.root))
    return [f"{finding.where}: {finding.message}" for finding in findings if finding.wrong]


def rewrite(repo: Repo, file: str, content: str, parent: str = BRANCH, ref: str = BRANCH) -> None:
    """Commit a file to the ledger by hand, the other files as they are."""
    listed = repo.git("ls-tree", "-r", ref).splitlines()
    stream = f"commit {ref}\ncommitter Eve <eve@example.org> 1790000000 +0000\ndata 0\n"
    stream += f"from {repo.git('rev-parse', parent).strip()}\n" if parent else ""
    for line in listed:
        mode, _, blob, path = re.split(r"[ \t]", line, maxsplit=3)
        stream += f"M {mode} {blob} {path}\n" if path != file and not parent else ""
    stream += f"M 100644 inline {file}\ndata {len(content.encode())}\n{content}\n"
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=repo.root, input=stream.encode(), check=True)


def said(answer: Answer, code: int = 0) -> Answer:
    assert answer.code == code, (answer.out, answer.err)
    return answer


def test_what_is_registered_and_promoted_is_told(pushed_model: Project, cli: Cli) -> None:
    root = pushed_model.repo.root
    index = (root / ".git/index").read_bytes()
    said(cli("register", "delay", "--report", "report.json", folder=root))
    said(cli("promote", "delay", "staging", "--by", "bob", folder=root))
    said(cli("promote", "delay", "staging", folder=root))
    assert [(event.kind, event.version, event.environment, event.tag) for event in events(pushed_model.repo)] == [
        ("registration", "v0.0.1", "", "delay@v0.0.1"),
        ("assignment", "v0.0.1", "staging", "delay#staging#1"),
    ]
    shown = said(cli("ledger", folder=root)).out.splitlines()
    assert [line.split()[2:6] for line in shown[1:]] == [
        ["registration", "delay", "v0.0.1", "–"],
        ["assignment", "delay", "v0.0.1", "staging"],
    ]
    assert said(cli("ledger", "verify", folder=root)).out.startswith("The ledger agrees")
    # Neither the working tree nor the index knows of it.
    assert (root / ".git/index").read_bytes() == index
    assert pushed_model.repo.git("status", "--porcelain") == ""
    assert pushed_model.repo.git("rev-list", "--count", BRANCH).strip() == "2"


def test_a_dry_run_and_a_refusal_are_not_told(pushed_model: Project, cli: Cli) -> None:
    root = pushed_model.repo.root
    said(cli("register", "delay", "--report", "report.json", "--dry-run", folder=root))
    pushed_model.report(b"one", verdict="block")
    said(cli("register", "delay", "--report", "report.json", folder=root), code=1)
    assert events(pushed_model.repo) == []
    assert pushed_model.repo.git("branch", "--list", "mlops-ledger") == ""


def test_rollback_and_retirement_say_why(pushed_model: Project, cli: Cli) -> None:
    root = pushed_model.repo.root
    for weights in (b"one", b"two"):
        pushed_model.train(weights)
        pushed_model.report(weights)
        said(cli("register", "delay", "--report", "report.json", folder=root))
        said(cli("promote", "delay", "staging", folder=root))
    said(cli("rollback", "delay", "staging", "--reason", "recall\nfell", folder=root))
    said(cli("retire", "delay#staging", "--reason", "no longer sold", folder=root))
    told = events(pushed_model.repo)[-3:]
    assert [(event.kind, event.reason, event.replaces) for event in told] == [
        ("assignment", "recall\nfell", "v0.0.2"),
        ("unassignment", "no longer sold", ""),
        ("unassignment", "no longer sold", ""),
    ]
    assert wrong(pushed_model.repo) == []
    assert "recall�fell" in said(cli("ledger", "show", folder=root)).out


def test_what_is_shown_can_be_narrowed(pushed_model: Project, cli: Cli) -> None:
    root = pushed_model.repo.root
    pushed_model.repo.tag("delay@v1.0.0", when=datetime(2026, 1, 5, tzinfo=UTC))
    pushed_model.repo.tag("delay#staging#1", when=datetime(2026, 2, 5, tzinfo=UTC))
    pushed_model.repo.tag("other@v1.0.0", when=datetime(2026, 3, 5, tzinfo=UTC))
    assert said(cli("ledger", "sync", folder=root)).out == "3 events recorded\n"
    put(GitLedger(root), deployment(1))

    def kinds(*words: str) -> list[str]:
        shown = said(cli("ledger", "show", "--json", *words, folder=root)).json
        return [event["job"]["name"] for event in shown if event["eventType"] != "START"]

    everything = [
        "delay.registration",
        "delay.assignment.staging",
        "other.registration",
        "delay.deployment.production",
    ]
    assert kinds() == everything
    assert kinds("--model", "delay") == [*everything[:2], everything[3]]
    assert kinds("--environment", "production") == everything[3:]
    assert kinds("--model", "delay", "--environment", "staging") == everything[1:2]
    assert kinds("--since", "2026-02-05") == everything[1:]
    assert kinds("--since", "2030-01-01") == []
    said(cli("ledger", "show", "--since", "yesterday", folder=root), code=2)
    shown = said(cli("ledger", "show", "--json", folder=root)).json
    assert [event["eventType"] for event in shown] == ["START", "COMPLETE"] * 4
    assert sorted(map(json.dumps, shown)) == sorted(lines(pushed_model.repo))


def test_a_clone_starts_from_what_the_remote_has(pushed_model: Project, origin: Repo, cli: Cli) -> None:
    said(cli("register", "delay", "--report", "report.json", "--push", folder=pushed_model.repo.root))
    other = clone(origin, "other")
    assert [event.tag for event in events(other)] == ["delay@v0.0.1"]
    other.run("cp", "-r", str(pushed_model.repo.root / "report.json"), str(other.root))
    said(cli("promote", "delay", "staging", "--push", folder=other.root))
    assert [event.tag for event in events(other)] == ["delay@v0.0.1", "delay#staging#1"]
    assert lines(other) == lines(origin)
    # One line of commits, one of them ours.
    assert other.git("rev-list", "--count", "--min-parents=2", BRANCH).strip() == "0"
    assert other.git("rev-list", "--count", BRANCH).strip() == "2"


def test_a_clone_of_one_branch_starts_there_too(pushed_model: Project, origin: Repo, cli: Cli) -> None:
    said(cli("register", "delay", "--report", "report.json", "--push", folder=pushed_model.repo.root))
    other = clone(origin, "other", "--single-branch", "--branch", "main")
    other.git("fetch", "--quiet", "--tags")
    said(cli("promote", "delay", "staging", "--push", folder=other.root))
    assert other.git("rev-list", "--count", BRANCH).strip() == "2"
    assert origin.git("rev-parse", BRANCH) == other.git("rev-parse", BRANCH)
    assert other.git("rev-parse", "refs/remotes/origin/mlops-ledger") == other.git("rev-parse", BRANCH)


def test_ledgers_that_began_apart_become_one(pushed_model: Project, origin: Repo) -> None:
    first, second = clone(origin, "first"), clone(origin, "second")
    put(GitLedger(first.root), deployment(1), deployment(2))
    put(GitLedger(second.root), deployment(2), deployment(3))
    GitLedger(first.root).push()
    GitLedger(second.root).push()
    GitLedger(first.root).fetch()
    assert [event.bundle for event in events(first)] == ["sha256:1", "sha256:2", "sha256:3"]
    assert len(lines(origin)) == len(set(lines(origin))) == 6
    assert GitLedger(second.root).removals() == []


def test_a_push_without_news_moves_nothing(pushed_model: Project, origin: Repo) -> None:
    ledger = GitLedger(pushed_model.repo.root)
    ledger.push()
    assert origin.git("branch", "--list", "mlops-ledger") == ""
    assert put(ledger, deployment(1)) == 2
    ledger.push()
    before = origin.git("rev-parse", BRANCH)
    assert put(ledger, deployment(1)) == 0
    ledger.push()
    assert origin.git("rev-parse", BRANCH) == before == pushed_model.repo.git("rev-parse", BRANCH)


def test_threads_of_two_clones_lose_nothing(pushed_model: Project, origin: Repo) -> None:
    clones = [clone(origin, "first"), clone(origin, "second")]

    def work(number: int) -> None:
        ledger = GitLedger(clones[number % 2].root)
        assert put(ledger, deployment(number)) == 2
        if number % 3 == 0:
            ledger.push()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
    for each in clones:
        GitLedger(each.root).push()
    assert {event.bundle for event in events(clones[1])} == {f"sha256:{number}" for number in range(24)}
    assert len(lines(origin)) == len(set(lines(origin))) == 48
    assert GitLedger(clones[1].root).removals() == []
    for each in (*clones, origin):
        assert "error" not in each.git("fsck", "--no-dangling")


_WRITER = """
import sys
from pathlib import Path
from tests.integration.test_ledger import GitLedger, deployment, put
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    put(GitLedger(Path(sys.argv[1])), deployment(number))
"""


def test_processes_in_one_clone_lose_nothing(pushed_model: Project) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(pushed_model.repo.root), str(first), str(first + 5)], cwd=SOURCE
        )
        for first in range(0, 20, 5)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert {event.bundle for event in events(pushed_model.repo)} == {f"sha256:{number}" for number in range(20)}
    assert len(lines(pushed_model.repo)) == 40
    assert pushed_model.repo.git("rev-list", "--count", BRANCH).strip() == "20"


def test_a_remote_that_refuses_the_ledger_keeps_the_tag(pushed_model: Project, origin: Repo, cli: Cli) -> None:
    hook = origin.root / "hooks/update"
    hook.write_text('#!/bin/sh\ntest "$1" != refs/heads/mlops-ledger || { echo "not this branch" >&2; exit 1; }\n')
    hook.chmod(0o755)
    root = pushed_model.repo.root
    answer = said(cli("register", "delay", "--report", "report.json", "--push", folder=root))
    (warning,) = [line for line in answer.err.splitlines() if line.startswith("warning:")]
    assert "the tag is written" in warning
    assert "→ gitops-mlops ledger sync" in warning
    assert "delay@v0.0.1" in origin.git("tag", "--list")
    assert [event.tag for event in events(pushed_model.repo)] == ["delay@v0.0.1"]
    assert cli("ledger", "sync", "--push", folder=root).code == 4
    hook.unlink()
    assert said(cli("ledger", "sync", "--push", folder=root)).out == "0 events recorded, pushed\n"
    assert lines(origin) == lines(pushed_model.repo)


def test_a_branch_that_is_in_the_way_keeps_the_tag(pushed_model: Project, cli: Cli) -> None:
    pushed_model.repo.git("branch", "mlops-ledger/mine")
    answer = said(cli("register", "delay", "--report", "report.json", folder=pushed_model.repo.root))
    (warning,) = [line for line in answer.err.splitlines() if line.startswith("warning:")]
    assert "the tag is written" in warning
    assert "mlops-ledger/mine" in warning
    assert pushed_model.tags() == ["delay@v0.0.1"]


def test_a_machine_without_an_identity_can_write(pushed_model: Project, tmp_path: Path) -> None:
    Path(os.environ["HOME"], ".gitconfig").write_text("[user]\n useConfigOnly = true\n")
    put(GitLedger(pushed_model.repo.root), deployment(1))
    assert pushed_model.repo.git("log", "--format=%an", BRANCH).strip() == "gitops-mlops"
    assert len(events(pushed_model.repo)) == 1


def test_settings_of_git_change_no_byte(pushed_model: Project) -> None:
    pushed_model.repo.git("config", "core.autocrlf", "true")
    pushed_model.repo.git("config", "core.safecrlf", "true")
    pushed_model.repo.git("config", "push.default", "nothing")
    pushed_model.repo.git("config", "fetch.prune", "true")
    pushed_model.repo.git("config", "commit.gpgSign", "true")
    put(GitLedger(pushed_model.repo.root), deployment(1))
    put(GitLedger(pushed_model.repo.root), deployment(2))
    GitLedger(pushed_model.repo.root).push()
    raw = subprocess.run(
        ["git", "cat-file", "blob", f"{BRANCH}:environments/production/2026-09.jsonl"],
        cwd=pushed_model.repo.root,
        capture_output=True,
        check=True,
    ).stdout
    assert (raw.count(b"\n"), raw.count(b"\r")) == (4, 0)


KILLER = """#!/bin/sh
case "$*" in
  *{moment}*) {before} "{git}" "$@"; kill -9 $PPID; exit 1;;
esac
exec "{git}" "$@"
"""


@pytest.mark.parametrize("done", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("moment", ["fetch*mlops-ledger", "fast-import", "push*mlops-ledger", "update-ref"])
def test_killed_at_any_step_the_same_command_makes_it_good(
    pushed_model: Project, origin: Repo, cli: Cli, tmp_path: Path, moment: str, done: bool
) -> None:
    root = pushed_model.repo.root
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/git"
    wrapper.write_text(KILLER.format(moment=moment, git=real, before="" if done else "false &&"))
    wrapper.chmod(0o755)
    command = ("register", "delay", "--report", "report.json", "--push")
    killed = subprocess.run(
        [sys.executable, "-m", "gitops_mlops", "-C", str(root), *command],
        cwd=SOURCE,
        env={**os.environ, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    said(cli(*command, folder=root))
    assert [event.tag for event in events(pushed_model.repo)] == ["delay@v0.0.1"]
    assert len(lines(origin)) == 2
    assert wrong(pushed_model.repo) == []
    assert pushed_model.repo.git("rev-list", "--count", BRANCH).strip() == "1"


def test_what_was_not_recorded_is_a_warning_until_it_is(pushed_model: Project, cli: Cli) -> None:
    root = pushed_model.repo.root
    for tag in ("delay@v1.0.0", "delay#staging#1", "dir=other@v1.0.0"):
        pushed_model.repo.tag(tag)
    found = said(cli("ledger", "verify", "--json", folder=root)).json
    assert [(each["wrong"], each["where"], each["message"]) for each in found] == [
        (False, "delay", "delay@v1.0.0 and 1 more not recorded"),
        (False, "dir:other", "dir=other@v1.0.0 not recorded"),
    ]
    assert said(cli("ledger", "sync", "--json", folder=root)).json == {"added": 3, "pushed": False}
    assert said(cli("ledger", "sync", "--json", folder=root)).json == {"added": 0, "pushed": False}
    assert said(cli("ledger", "verify", "--json", folder=root)).json == []
    assert [event.file for event in events(pushed_model.repo)][-1] == "models/dir%3Aother/2026-01.jsonl"


@pytest.fixture
def ledger_in_step(pushed_model: Project) -> Repo:
    """A ledger of two tags and a deployment that agrees with its repository."""
    repo = pushed_model.repo
    repo.tag("delay@v0.0.1")
    repo.tag("delay#production#1")
    sync(GitRepository.around(repo.root), GitLedger(repo.root), push=True)
    put(GitLedger(repo.root), deployment(1, commit=repo.git("rev-parse", "HEAD").strip()))
    GitLedger(repo.root).push()
    assert wrong(repo) == []
    return repo


def test_a_moved_and_a_deleted_tag_contradict_the_ledger(ledger_in_step: Repo, cli: Cli) -> None:
    ledger_in_step.commit("elsewhere")
    ledger_in_step.git("tag", "--delete", "delay@v0.0.1", "delay#production#1")
    ledger_in_step.tag("delay@v0.0.1")
    found = said(cli("ledger", "verify", folder=ledger_in_step.root), code=1).out
    assert "wrong: tag delay#production#1: is in the ledger and not in this clone" in found
    assert "wrong: tag delay@v0.0.1: the ledger has" in found
    # What was deployed was another commit than the tag names now.
    assert "wrong: deployment of delay v0.0.1" in found


def test_a_commit_that_is_nowhere_contradicts_the_ledger(ledger_in_step: Repo) -> None:
    put(GitLedger(ledger_in_step.root), deployment(2, version="other", commit="d" * 40))
    assert wrong(ledger_in_step) == [
        "deployment of delay other at 2026-09-21 14:13:22: the commit dddddddddd is not in this clone"
    ]


@pytest.mark.parametrize("commit", ["HEAD", "main", "-x", "a\nb", "--batch", "é", "c" * 39])
def test_a_hostile_commit_is_no_commit(ledger_in_step: Repo, commit: str) -> None:
    put(GitLedger(ledger_in_step.root), deployment(2, version="other", commit=commit))
    assert len(wrong(ledger_in_step)) == 1


def test_a_changed_line_is_seen_in_the_history(ledger_in_step: Repo, cli: Cli) -> None:
    file = "environments/production/2026-09.jsonl"
    before = ledger_in_step.git("show", f"{BRANCH}:{file}")
    rewrite(ledger_in_step, file, before.replace("127.0.0.1", "evil.example"))
    eve = ledger_in_step.git("rev-parse", BRANCH).strip()
    found = wrong(ledger_in_step)
    assert f"{file}: commit {eve[:10]} changed or removed 1 lines" in found
    # Put back, it still happened.
    rewrite(ledger_in_step, file, before)
    assert len(wrong(ledger_in_step)) >= 2
    assert [event.address for event in events(ledger_in_step) if event.address] == ["http://127.0.0.1:8080"]


def test_attributes_and_settings_hide_no_change(ledger_in_step: Repo) -> None:
    file = "environments/production/2026-09.jsonl"
    ledger_in_step.write(".gitattributes", "*.jsonl binary -diff\n")
    ledger_in_step.git("config", "diff.external", "true")
    rewrite(ledger_in_step, file, "\0\n")
    assert any("changed or removed 2 lines" in each for each in wrong(ledger_in_step))


def test_an_event_told_twice_differently_or_elsewhere_is_named(ledger_in_step: Repo) -> None:
    file = "environments/production/2026-09.jsonl"
    before = ledger_in_step.git("show", f"{BRANCH}:{file}")
    rewrite(ledger_in_step, file, before + before.replace("127.0.0.1", "evil.example"))
    (found,) = wrong(ledger_in_step)
    assert "records two values of its address: 'http://127.0.0.1:8080' and 'http://evil.example:8080'" in found
    rewrite(ledger_in_step, "environments/staging/2026-09.jsonl", before)
    assert any("belongs in environments/production" in each for each in wrong(ledger_in_step))


def test_lines_that_tell_nothing_are_one_warning(ledger_in_step: Repo, cli: Cli) -> None:
    file = "models/delay/2026-01.jsonl"
    rewrite(ledger_in_step, file, ledger_in_step.git("show", f"{BRANCH}:{file}") + "{\n\x1b[2J\nnull\n")
    answer = said(cli("ledger", "show", folder=ledger_in_step.root))
    assert len(answer.out.splitlines()) == 4
    assert answer.err == (
        f"warning: ledger {file}:5: is not an OpenLineage RunEvent (and 2 more) → gitops-mlops ledger verify\n"
    )
    assert len(wrong(ledger_in_step)) == 3
    assert len(said(cli("ledger", "show", "--json", folder=ledger_in_step.root)).json) == 6


def test_bytes_that_are_no_text_survive_a_merge(ledger_in_step: Repo, origin: Repo) -> None:
    other = clone(origin, "other")
    put(GitLedger(other.root), deployment(7))
    GitLedger(other.root).push()
    raw = b"\xff\xfe\x00\n"
    stream = b"commit refs/heads/mlops-ledger\ncommitter E <e> 1 +0000\ndata 0\nfrom refs/heads/mlops-ledger^0\n"
    stream += b'M 100644 inline "environments/b\\\\a\\"d\\n.jsonl"\ndata %d\n%b\n' % (len(raw), raw)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=ledger_in_step.root, input=stream, check=True)
    GitLedger(ledger_in_step.root).push()
    names = origin.git("-c", "core.quotePath=false", "ls-tree", "-r", "-z", "--name-only", BRANCH).split("\0")
    assert 'environments/b\\a"d\n.jsonl' in names
    kept = subprocess.run(
        ["git", "cat-file", "blob", f'{BRANCH}:environments/b\\a"d\n.jsonl'],
        cwd=origin.root,
        capture_output=True,
        check=True,
    ).stdout
    assert kept == raw
    assert "sha256:7" in {event.bundle for event in read_ledger(GitLedger(ledger_in_step.root))[0]}


def test_a_rewritten_remote_is_named_and_made_whole_again(ledger_in_step: Repo, origin: Repo, cli: Cli) -> None:
    other = clone(origin, "other")
    everything = set(lines(origin))
    put(GitLedger(ledger_in_step.root), deployment(9))
    # Somebody begins the history anew, with one event less, and forces it on the remote.
    file = "models/delay/2026-01.jsonl"
    kept = other.git("show", f"origin/mlops-ledger:{file}").splitlines(keepends=True)[2:]
    other.git("branch", "mlops-ledger", "origin/mlops-ledger")
    rewrite(other, file, "".join(kept), parent="")
    other.git("push", "--quiet", "--force", "origin", "mlops-ledger")
    assert set(lines(origin)) < everything

    with pytest.raises(ExternalError, match="was rewritten"):
        GitLedger(ledger_in_step.root).push()
    assert cli("ledger", "sync", "--push", folder=ledger_in_step.root).code == 4
    ledger_in_step.git("fetch", "--quiet", "origin")
    said(cli("ledger", "sync", "--push", folder=ledger_in_step.root))
    assert set(lines(origin)) == {*everything, *deployment_lines(deployment(9))}


def test_a_shallow_clone_shows_and_does_not_judge(ledger_in_step: Repo, origin: Repo, cli: Cli) -> None:
    shallow = clone(origin, "shallow", "--depth", "1", "--no-single-branch")
    assert len(said(cli("ledger", folder=shallow.root)).out.splitlines()) == 4
    assert "shallow" in said(cli("ledger", "verify", folder=shallow.root), code=3).err


def test_without_a_ledger_there_is_nothing_to_show(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.commit()
    assert said(cli("ledger", folder=repo.root)).out.startswith("Nothing is recorded")
    assert said(cli("ledger", "show", "--json", folder=repo.root)).json == []
    assert said(cli("ledger", "verify", folder=repo.root)).out.startswith("The ledger agrees")
    assert said(cli("ledger", "sync", folder=repo.root)).out == "0 events recorded\n"
    assert "git remote" in said(cli("ledger", "sync", "--push", folder=repo.root), code=4).err
    (tmp_path / "plain").mkdir()
    assert "git init" in said(cli("ledger", folder=tmp_path / "plain"), code=2).err
