"""A new user's project at the forge: scaffolded, trained once, pushed; with a remote and servers on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.actions.github import GitHub, User
from tests.actions.sources import ROOT, TOOLKIT
from tests.ports import free_ports

REPOSITORY = "octo/first"
FOLDER = "first"
Edits = Mapping[str, tuple[str, str]]


class Newcomer:
    """The project at the forge. `state` outlives jobs, as on a runner of one's own; `ports` are its servers."""

    def __init__(self, github: GitHub, scaffold: Path, folder: Path) -> None:
        self.github = github
        self.folder = folder / FOLDER
        self.remote = folder / "remote"
        self.state = folder / "state"
        shutil.copytree(scaffold / FOLDER, self.folder)
        self.scaffolded_remote = str(scaffold / "remote")
        shutil.copytree(self.scaffolded_remote, self.remote)
        self.ports = dict(zip(("staging", "production"), free_ports(2), strict=True))
        self._settle_down()
        github.repository(REPOSITORY, self.folder)
        self.owner = github.user("octo")

    def _settle_down(self) -> None:
        """What differs on this machine: the remote, free ports, a state folder, and the toolkit of this test."""
        edit(self.folder / ".dvc/config", (self.scaffolded_remote, str(self.remote)))
        edit(
            self.folder / "mlops.yaml", ("8081", str(self.ports["staging"])), ("8080", str(self.ports["production"]))
        )
        for path in (self.folder / ".github/workflows").glob("mlops-*.yml"):
            text = path.read_text()
            for name in ("release", "scheduled", "rollback"):
                text = _with_state(text, name, self.state)
            path.write_text(text.replace("0" * 40, self.github.toolkit))
        run(self.folder, "git", "commit", "--quiet", "--all", "--message", "Settle down")

    def change(self, user: User, repository: str, branch: str, edits: Edits, *, repro: bool = True) -> str:
        """Edit files in a user's clone, run the pipeline, push data and branch; the commit."""
        clone = self.github.clone(user, repository)
        known = self.github.forge.repository(repository).git.refs()
        begin = f"origin/{branch}" if f"refs/heads/{branch}" in known else "origin/main"
        run(clone, "git", "checkout", "--quiet", "--force", "-B", branch, begin)
        for path, pair in edits.items():
            edit(clone / path, pair)
        if repro:
            run(clone, "dvc", "repro", "--quiet", "--pull")
            run(clone, "dvc", "push", "--quiet")
        run(clone, "git", "add", "--all")
        run(clone, "git", "commit", "--quiet", "--message", f"Change {', '.join(edits)}")
        self.github.push_clone(user, repository, branch)
        return run(clone, "git", "rev-parse", "HEAD")

    def show(self) -> str:
        """The registry, as the owner's clone sees it."""
        return run(self.github.clone(self.owner, REPOSITORY), "gitops-mlops", "show", "--json")


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for before, after in pairs:
        assert before in text, (path, before)
        text = text.replace(before, after)
    path.write_text(text)


def run(folder: Path, *words: str, codes: Collection[int] = (0,)) -> str:
    """A program as a person would type it, with this Python's programs first; what it prints."""
    command = [sys.executable, "-m", "gitops_mlops", *words[1:]] if words[0] == "gitops-mlops" else list(words)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DVC_NO_ANALYTICS": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "Octo", f"GIT_{role}_EMAIL": "octo@example.org"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in codes, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def scaffolded(folder: Path, template: str) -> None:
    """A new project of a template, and `remote`, where its outputs will be."""
    words = ["--template", template, "--branch", "main", "--toolkit", f"{TOOLKIT}@{'0' * 40}"]
    run(folder, "gitops-mlops", "init", FOLDER, *words, "--dvc-remote", str(folder / "remote"))
    (folder / "remote").mkdir()


def trained(folder: Path) -> None:
    """The first model of the project, pushed and committed."""
    project = folder / FOLDER
    run(project, "dvc", "repro", "--quiet")
    run(project, "dvc", "push", "--quiet")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "First model")


def _with_state(text: str, workflow: str, state: Path) -> str:
    """A caller with the input `state` for one of the workflows that it calls."""
    call = f"/{workflow}.yml@{'0' * 40} # v"
    if call not in text:
        return text
    head, tail = text.split(call)
    version, rest = tail.split("\n", 1)
    if rest.lstrip().startswith("with:"):
        rest = rest.replace("with:\n", f"with:\n      state: {state}\n", 1)
    else:
        rest = f"    with:\n      state: {state}\n{rest}"
    return f"{head}{call}{version}\n{rest}"
