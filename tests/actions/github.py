"""What a scenario says: people, repositories, pushes, pull requests, and then `settle`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.actions.dispatcher import Dispatcher, Keeper
from tests.actions.engine import stop_marked
from tests.actions.run import Environment, Run, Settings
from tests.actions.sources import TOOLKIT, Sources
from tests.actions.triggers import dispatch_inputs
from tests.actions.workflow import Origin, WorkflowError
from tests.fakes.forge import Forge
from tests.fakes.forge import running as forge_running
from tests.fakes.git_http import GitServer, serving

Files = Mapping[str, str | bytes | None]


@dataclass(frozen=True)
class User:
    """Somebody with an account."""

    login: str
    token: str


class GitHub:
    """GitHub, as far as a scenario can tell. `toolkit` is the SHA to pin `uses: octo/gitops-mlops/…@SHA` to."""

    def __init__(self, forge: Forge, git: GitServer, dispatcher: Dispatcher, keeper: Keeper, folder: Path) -> None:
        self.forge = forge
        self.git = git
        self.dispatcher = dispatcher
        self.keeper = keeper
        self.folder = folder
        self.toolkit = forge.repository(TOOLKIT).git.commit("refs/heads/main") or ""
        self._users: dict[str, User] = {}

    # People and repositories

    def user(self, login: str) -> User:
        if login not in self._users:
            self._users[login] = User(login, self.forge.add_token(login, kind="user"))
        return self._users[login]

    def repository(
        self,
        name: str,
        files: Files | Path,
        *,
        by: str = "",
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        environments: Mapping[str, Environment] | None = None,
        **settings: Any,
    ) -> None:
        """A repository with one commit on main; `files` may be a folder whose git history is pushed as it is.

        The first commit starts no workflow: scenarios begin after it.
        """
        if name not in self.forge.repositories:
            self.forge.create(name)
        self.dispatcher.settings[name] = Settings(secrets or {}, variables or {}, environments or {}, **settings)
        owner = self.user(by or name.partition("/")[0])
        if isinstance(files, Path):
            self._git(files, owner, "push", "--quiet", f"{self.git.address}/{name}", "HEAD:refs/heads/main", "--tags")
        else:
            self.push(owner, name, "main", files)
        self.dispatcher.skip()

    def collaborator(self, repository: str, login: str) -> User:
        """Somebody who may push to the repository."""
        self.keeper.collaborators.setdefault(repository, set()).add(login)
        return self.user(login)

    def settings(self, repository: str, **changed: Any) -> None:
        """Change what a repository gives its runs: `secrets`, `environments`, `default_permissions`, …"""
        self.dispatcher.settings[repository] = replace(self.dispatcher.settings[repository], **changed)

    def fork(self, user: User, source: str) -> str:
        """The user's fork; its name."""
        return self.forge.fork(user.login, source).name

    # Work

    def clone(self, user: User, repository: str) -> Path:
        """The user's clone, made once, up to date, on no branch."""
        folder = self.folder / "clones" / user.login / repository
        if not folder.is_dir():
            folder.mkdir(parents=True)
            self._git(folder, user, "init", "--quiet")
            self._git(folder, user, "remote", "add", "origin", f"{self.git.address}/{repository}")
        self._git(folder, user, "fetch", "--quiet", "--prune", "--tags", "--force", "origin")
        return folder

    def push(
        self, user: User, repository: str, branch: str, files: Files, *, message: str = "Change", base: str = "main"
    ) -> str:
        """Commit files on a branch (new ones begin at `base`; None deletes a file) and push it; the commit."""
        folder = self.clone(user, repository)
        known = self.forge.repository(repository).git.refs()
        begin = next((f"origin/{one}" for one in (branch, base) if f"refs/heads/{one}" in known), None)
        self._git(
            folder, user, "checkout", "--quiet", "--force", *(["-B", branch, begin] if begin else ["-b", branch])
        )
        for path, content in files.items():
            target = folder / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        self._git(folder, user, "add", "--all")
        self._git(folder, user, "commit", "--quiet", "--allow-empty", "--message", message)
        self.push_clone(user, repository, branch)
        return self._git(folder, user, "rev-parse", "HEAD")

    def push_clone(self, user: User, repository: str, branch: str, *more: str) -> None:
        """Push what is checked out in the user's clone to a branch."""
        folder = self.folder / "clones" / user.login / repository
        self._git(folder, user, "push", "--quiet", *more, "origin", f"HEAD:refs/heads/{branch}")

    def _git(self, folder: Path, user: User, *words: str) -> str:
        environment = {
            **os.environ,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "3",
            "GIT_CONFIG_KEY_0": f"http.{self.git.address}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {user.token}",
            "GIT_CONFIG_KEY_1": "user.name",
            "GIT_CONFIG_VALUE_1": user.login,
            "GIT_CONFIG_KEY_2": "user.email",
            "GIT_CONFIG_VALUE_2": f"{user.login}@example.org",
        }
        done = subprocess.run(
            ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"git {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def open_pull_request(
        self,
        user: User,
        head_repository: str,
        branch: str,
        *,
        repository: str = "octo/demo",
        base: str = "main",
        title: str = "A change",
        body: str = "",
    ) -> int:
        """Open a pull request; its number."""
        return self.forge.open_pull(
            branch,
            base=base,
            by=user.login,
            title=title,
            body=body,
            head_repository=head_repository,
            repository=repository,
        )

    def edit_pull_request(self, user: User, number: int, *, repository: str = "octo/demo", **changed: Any) -> None:
        """Give it another `title`, `body` or `base`, the branch that it goes to."""
        self.forge.edit_pull(number, by=user.login, repository=repository, **changed)

    def merge(self, user: User, number: int, *, repository: str = "octo/demo", method: str = "merge") -> str:
        """Press the button; the commit on the base branch."""
        return self.forge.merge(number, user.login, method=method, repository=repository)

    def merge_group(self, user: User, number: int, *, repository: str = "octo/demo") -> str:
        """Put a pull request into the merge queue: the commit that is tested before main becomes it."""
        target, pull = self.forge.repository(repository), self.forge.pull(number, repository)
        base = target.git.commit(f"refs/heads/{pull.base_branch}")
        assert pull.test_merge
        assert base
        ref = f"refs/heads/gh-readonly-queue/{pull.base_branch}/pr-{number}-{base}"
        commit = target.git.commit_tree(
            target.git("rev-parse", f"{pull.test_merge}^{{tree}}"), [base, pull.head], f"Merge pull request #{number}"
        )
        target.git.set(ref, commit)
        group = {"head_sha": commit, "head_ref": ref, "base_sha": base, "base_ref": f"refs/heads/{pull.base_branch}"}
        self.forge.tell("merge_group", "checks_requested", target, user.login, True, {"merge_group": group})
        return commit

    # Buttons and clocks

    def dispatch(
        self,
        user: User,
        workflow: str,
        inputs: Mapping[str, str] | None = None,
        *,
        repository: str = "octo/demo",
        branch: str = "main",
    ) -> None:
        """Press `Run workflow`; `workflow` is a file's name. Inputs are checked as GitHub checks them."""
        target = self.forge.repository(repository)
        commit = target.git.commit(f"refs/heads/{branch}")
        assert commit
        path = f".github/workflows/{workflow}"
        for one, _ in self.dispatcher.sources.workflows(Origin(repository, commit)):
            if one.path == path and "workflow_dispatch" in one.triggers:
                told = {"ref": f"refs/heads/{branch}", "workflow": path, "inputs": dispatch_inputs(one, inputs or {})}
                self.forge.tell("workflow_dispatch", "", target, user.login, True, told)
                return
        raise WorkflowError(f"{path} has no `workflow_dispatch` on {branch}")

    def schedule(self, cron: str, *, repository: str = "octo/demo") -> None:
        """The clock says so: every workflow of the default branch with this `cron` is due."""
        target = self.forge.repository(repository)
        self.forge.tell("schedule", "", target, repository.partition("/")[0], True, {"schedule": cron})

    def settle(self) -> list[Run]:
        """Run all that is due until nothing is; the runs, in the order in which they ended."""
        return self.dispatcher.settle()

    def approve(self, run: Run, environment: str = "") -> list[Run]:
        """Approve a fork's run, or a deployment to an environment, and settle."""
        return self.dispatcher.approve(run, environment)

    def refuse(self, run: Run, environment: str) -> list[Run]:
        """Refuse a deployment to an environment, and settle."""
        return self.dispatcher.refuse(run, environment)

    def rerun(self, run: Run, *, failed_only: bool = False) -> list[Run]:
        """Re-run all jobs, or those that did not succeed, and settle."""
        return self.dispatcher.rerun(run, failed_only=failed_only)

    # What can be seen

    def checks(self, commit: str) -> dict[str, str]:
        """The checks of a commit and how each ended; of several of one name the newest counts, whatever it is of."""
        of_it = sorted((run for run in self.dispatcher.runs if run.head == commit), key=lambda run: run.turn)
        return {name: result for run in of_it for name, result in run.checks.items()}

    def required(self, commit: str, name: str) -> str:
        """What a branch rule that requires a check makes of it: success, failure or pending.

        A skipped check passes; one that never came is waited for, for ever.
        """
        result = self.checks(commit).get(name, "waiting")
        return {"success": "success", "skipped": "success", "neutral": "success", "waiting": "pending"}.get(
            result, "failure"
        )


@contextmanager
def running(folder: Path, toolkit: Path, cache: Path) -> Iterator[GitHub]:
    """GitHub below a folder, with the toolkit's bare repository; what workflows left running ends with it."""
    root = folder / "repositories"
    (root / TOOLKIT).parent.mkdir(parents=True)
    (root / f"{TOOLKIT}.git").symlink_to(toolkit)
    with forge_running(root=root) as forge:
        forge.create(TOOLKIT)
        keeper = Keeper(forge)
        with serving(root, keeper) as git:
            dispatcher = Dispatcher(forge, git, Sources(root, cache), folder / "runs")
            try:
                yield GitHub(forge, git, dispatcher, keeper, folder)
            finally:
                stop_marked(folder)
