"""A forge's repositories, and what people and programs do there. HTTP and tests come in by the same doors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from tests.fakes.forge.git import NOBODY, Bare
from tests.fakes.forge.shown import Shown, push, user
from tests.fakes.forge.state import (
    WRITE_ALL,
    Comment,
    Deployment,
    Event,
    Fault,
    Issue,
    Pull,
    Refused,
    Repository,
    Run,
    Status,
    Token,
)

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
START = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_BODY = 65_536


class Forge:
    """The state, which tests set and look at. Where no repository is named, it is the first one.

    Every method that changes something tells of the event that GitHub would deliver: `events` keeps them, and each of
    `listeners` is called with them. `by` is a login; what a workflow's own token does starts no workflow.
    """

    def __init__(self, root: Path, repository: str = "octo/demo") -> None:
        self.root = root
        self.name = repository
        self.repositories: dict[str, Repository] = {}
        self.shown = Shown(self.repositories)
        self.blob_address = ""
        self.faults: deque[Fault] = deque()
        self.blob_faults: deque[Fault] = deque()
        self.asked: list[str] = []
        self.requests: list[str] = []
        self.tokens: list[str] = []
        self.violations: list[str] = []
        self.events: list[Event] = []
        self.listeners: list[Callable[[Event], None]] = []
        self.artifacts: Path = root / "artifacts"
        self.expired: set[int] = set()
        self.blobs: dict[str, Path] = {}
        self.lock = RLock()
        self.token_of: dict[str, Token] = {}
        self._artifact_numbers: dict[tuple[int, str], int] = {}
        self._last = 1000
        self.create(repository)
        self.add_token("github-actions[bot]", WRITE_ALL, kind="workflow", secret=TOKEN)

    @property
    def address(self) -> str:
        return self.shown.address

    # Repositories, tokens

    def create(self, name: str, *, private: bool = False) -> Repository:
        """A repository: an empty bare one at `<root>/<owner>/<name>.git`, or the one that is there already."""
        folder = self.root / f"{name}.git"
        git = Bare(folder) if folder.exists() else Bare.create(folder)
        self.repositories[name] = Repository(name, self.number(), git, private, seen=git.refs())
        return self.repositories[name]

    def fork(self, owner: str, source: str = "") -> Repository:
        """A fork with all branches, of the same name."""
        base = self.repository(source)
        name = f"{owner}/{base.name.partition('/')[2]}"
        git = Bare.fork(base.git, self.root / f"{name}.git")
        made = Repository(name, self.number(), git, base.private, parent=base.name, seen=git.refs())
        self.repositories[name] = made
        return made

    def delete(self, name: str) -> None:
        """Delete a repository, as people do with forks; its pull requests stay open and head nowhere."""
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                self.refresh(repository, pull)
                pull.head_repository = None if pull.head_repository == name else pull.head_repository
        del self.repositories[name]

    def repository(self, name: str = "") -> Repository:
        return self.repositories[name or self.name]

    def folder(self, name: str = "") -> Path:
        """The bare repository, which git may fetch from and push to."""
        return self.repository(name).git.folder

    def add_token(
        self,
        login: str,
        permissions: dict[str, str] | None = None,
        *,
        kind: str = "workflow",
        repository: str = "",
        secret: str = "",
    ) -> str:
        """A token of a workflow, an `app` or a `user`; permissions are named as workflows name them."""
        secret = secret or f"gh{'p' if kind == 'user' else 's'}_{self.number():036d}"
        granted = WRITE_ALL if permissions is None else permissions
        self.token_of[secret] = Token(secret, login, kind, dict(granted), repository)
        return secret

    # What git did

    def sync(self, by: str = "ada", *, starts: bool = True) -> list[Event]:
        """Tell of every ref that moved since the last time, as pushes by somebody; the new events."""
        with self.lock:
            before = len(self.events)
            for repository in list(self.repositories.values()):
                self._pushes(repository, by, starts)
            for repository in list(self.repositories.values()):
                for pull in repository.pulls.values():
                    self._synchronize(repository, pull, by, starts)
            return self.events[before:]

    def _pushes(self, repository: Repository, by: str, starts: bool) -> None:
        now = repository.git.refs()
        moved = [name for name in {**repository.seen, **now} if repository.seen.get(name) != now.get(name)]
        seen, repository.seen = repository.seen, now
        for name in moved:
            sender, shown = user(by), self.shown.repository(repository)
            before, after = seen.get(name, NOBODY), now.get(name, NOBODY)
            self.tell("push", "", repository, by, starts, push(repository, name, before, after, sender, shown))

    def _synchronize(self, repository: Repository, pull: Pull, by: str, starts: bool) -> None:
        if pull.state != "open" or pull.fixed:
            return
        head = self.repositories.get(pull.head_repository or "")
        if head is not None and head.git.commit(f"refs/heads/{pull.head_branch}") is None:
            self.close(pull.number, by, repository=repository.name, starts=starts)
            return
        self.refresh(repository, pull)
        if pull.head != pull.told:
            before, pull.told = pull.told, pull.head
            self._tell_pull("synchronize", repository, pull, by, starts, before=before, after=pull.head)

    def refresh(self, repository: Repository, pull: Pull) -> None:
        """Read the head from its branch, and keep `refs/pull/N/head` and `refs/pull/N/merge`."""
        if pull.fixed or pull.state != "open":
            return
        git, head = repository.git, self.repositories.get(pull.head_repository or "")
        if head is not None and (commit := head.git.commit(f"refs/heads/{pull.head_branch}")) is not None:
            if git.commit(f"refs/pull/{pull.number}/head") != commit:
                git.take(head.git, pull.head_branch, f"refs/pull/{pull.number}/head")
            pull.head = commit
        base = git.commit(f"refs/heads/{pull.base_branch}")
        if base is None or (base, pull.head) == pull.test_merge_of:
            return
        pull.test_merge_of = (base, pull.head)
        tree = git.merged_tree(base, pull.head)
        words = f"Merge {pull.head} into {base}"
        pull.test_merge = git.commit_tree(tree, [base, pull.head], words) if tree else None
        pull.mergeable = tree is not None
        git.set(f"refs/pull/{pull.number}/merge", pull.test_merge)

    # Pull requests

    def open_pull(
        self,
        head: str,
        *,
        base: str = "main",
        by: str = "ada",
        title: str = "A change",
        body: str | None = None,
        head_repository: str = "",
        repository: str = "",
        starts: bool = True,
    ) -> int:
        """Open a pull request from a branch, of a fork perhaps; its number."""
        target = self.repository(repository)
        source = self.repository(head_repository or target.name)
        commit = source.git.commit(f"refs/heads/{head}")
        if commit is None or target.git.commit(f"refs/heads/{base}") is None:
            field = "head" if commit is None else "base"
            raise Refused(422, "Validation Failed", [{"resource": "PullRequest", "field": field, "code": "invalid"}])
        owner = source.name.partition("/")[0]
        for one in target.pulls.values():
            if (one.state, one.head_repository, one.head_branch, one.base_branch) == (
                "open",
                source.name,
                head,
                base,
            ):
                message = f"A pull request already exists for {owner}:{head}."
                error = {"resource": "PullRequest", "code": "custom", "message": message}
                raise Refused(422, "Validation Failed", [error])
        if target.git.commit(f"refs/heads/{base}") == commit:
            message = f"No commits between {base} and {head}"
            raise Refused(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
            )
        number = self._next(target)
        pull = Pull(number, self.number(), by, title, body, self.now(), head_repository=source.name)
        pull.head_owner, pull.head_branch, pull.base_branch, pull.head = owner, head, base, commit
        target.issues[number] = pull
        self.refresh(target, pull)
        pull.told = pull.head
        self._tell_pull("opened", target, pull, by, starts)
        return number

    def pull_request(self, number: int, author: str, head: str, merged_as: str | None, repository: str = "") -> None:
        """Pretend a pull request without git: its head, and what merging it made, None while it is open."""
        target = self.repository(repository)
        pull = Pull(number, self.number(), author, "A change", None, self.now(), head_repository=target.name)
        pull.head_owner, pull.head_branch = target.name.partition("/")[0], f"pull-{number}"
        pull.head, pull.fixed = head, True
        pull.merged_as, pull.state, pull.test_merge = merged_as, "closed" if merged_as else "open", "0" * 40
        kept = target.issues.get(number)
        pull.reviews = kept.reviews if isinstance(kept, Pull) else []
        target.issues[number] = pull
        target.count = max(target.count, number)

    def pull(self, number: int, repository: str = "") -> Pull:
        found = self.repository(repository).issues[number]
        assert isinstance(found, Pull)
        self.refresh(self.repository(repository), found)
        return found

    def merge(
        self, number: int, by: str = "ada", *, method: str = "merge", repository: str = "", starts: bool = True
    ) -> str:
        """Merge a pull request with git, by a merge commit or a `squash`; the commit. Tells of its push, too."""
        with self.lock:
            target, pull = self.repository(repository), self.pull(number, repository)
            if (
                pull.state != "open"
                or not pull.mergeable
                or pull.test_merge is None
                or method not in ("merge", "squash")
            ):
                raise Refused(405, "Pull Request is not mergeable")
            base = target.git.commit(f"refs/heads/{pull.base_branch}") or ""
            words = f"Merge pull request #{number} from {pull.head_owner}/{pull.head_branch}\n\n{pull.title}"
            parents = [base, pull.head]
            if method == "squash":
                words, parents = f"{pull.title} (#{number})", [base]
            pull.merged_as = target.git.commit_tree(
                target.git("rev-parse", f"{pull.test_merge}^{{tree}}"), parents, words
            )
            target.git.set(f"refs/heads/{pull.base_branch}", pull.merged_as, base)
            pull.merged_by = by
            self.close(number, by, repository=repository, starts=starts)
            self.sync(by, starts=starts)
            return pull.merged_as

    def review(
        self,
        number: int,
        login: str,
        state: str = "APPROVED",
        association: str = "MEMBER",
        commit: str | None = None,
        kind: str = "User",
        repository: str = "",
    ) -> None:
        """Somebody's review of a pull request, of its head unless another commit is named."""
        pull = self.pull(number, repository)
        pull.reviews.append(
            {
                "id": self.number(),
                "user": {**user(login), "type": kind},
                "state": state,
                "author_association": association,
                "commit_id": commit or pull.head,
            }
        )

    # Issues, comments

    def open_issue(
        self,
        title: str,
        body: str | None = None,
        labels: list[str] | None = None,
        *,
        by: str = "ada",
        repository: str = "",
        starts: bool = True,
    ) -> int:
        """Open an issue; its number. Labels that do not exist are made."""
        target = self.repository(repository)
        if not target.issues_on:
            raise Refused(410, "Issues has been disabled in this repository.")
        number = self._next(target)
        target.issues[number] = Issue(number, self.number(), by, title, body, self.now())
        self.label(number, labels or [], repository=target.name)
        self.tell("issues", "opened", target, by, starts, {"issue": self.shown.issue(target.issues[number], target)})
        return number

    def label(self, number: int, labels: list[str], *, repository: str = "") -> None:
        """Add labels to an issue or a pull request."""
        target = self.repository(repository)
        target.labels |= set(labels)
        issue = target.issues[number]
        issue.labels += [one for one in dict.fromkeys(labels) if one not in issue.labels]

    def close(self, number: int, by: str = "ada", *, repository: str = "", starts: bool = True) -> None:
        """Close an issue or a pull request."""
        target = self.repository(repository)
        issue = target.issues[number]
        if isinstance(issue, Pull):
            self.refresh(target, issue)
        issue.state, issue.reason = "closed", None if isinstance(issue, Pull) else "completed"
        if isinstance(issue, Pull):
            target.git.set(f"refs/pull/{number}/merge", None)
            self._tell_pull("closed", target, issue, by, starts)
        else:
            self.tell("issues", "closed", target, by, starts, {"issue": self.shown.issue(issue, target)})

    def comment(
        self, number: int, body: str, *, by: str | None = "ada", repository: str = "", starts: bool = True
    ) -> Comment:
        """Say something below an issue or a pull request; `by` is None for an account that is gone."""
        target = self.repository(repository)
        if len(body) > LONGEST_BODY:
            words = f"body is too long (maximum is {LONGEST_BODY} characters)"
            raise Refused(422, "Validation Failed", [{"resource": "IssueComment", "field": "body", "message": words}])
        if not body.strip():
            raise Refused(
                422, "Validation Failed", [{"resource": "IssueComment", "field": "body", "code": "missing"}]
            )
        made = Comment(self.number(), by, body, self.now())
        issue = target.issues[number]
        issue.comments.append(made)
        shown = {"issue": self.shown.issue(issue, target), "comment": self.shown.comment(made, number, target)}
        self.tell("issue_comment", "created", target, by or "ghost", starts, shown)
        return made

    def comments(self, number: int, repository: str = "") -> list[Comment]:
        return self.repository(repository).issues[number].comments

    # Commits, deployments, workflows

    def set_status(self, commit: str, context: str, state: str, *, by: str = "ada", repository: str = "") -> Status:
        target = self.repository(repository)
        made = Status(self.number(), commit, context, state, None, None, by, self.now())
        target.statuses.append(made)
        return made

    def deployments(self, environment: str = "", repository: str = "") -> list[Deployment]:
        """The oldest first."""
        kept = self.repository(repository).deployments
        return [one for one in kept if not environment or one.environment == environment]

    def dispatch(
        self, event: str, payload: dict[str, Any], *, by: str = "ada", repository: str = "", starts: bool = True
    ) -> None:
        """A `repository_dispatch`; the one thing with which a workflow's own token starts another workflow."""
        target = self.repository(repository)
        target.dispatches.append({"event_type": event, "client_payload": payload})
        told = {"branch": "main", "client_payload": payload}
        self.tell("repository_dispatch", event, target, by, starts, told)

    def add_run(
        self,
        event: str,
        path: str,
        head: str,
        head_branch: str | None,
        *,
        number: int = 0,
        head_repository: str | None = "",
        conclusion: str | None = None,
        by: str = "ada",
        name: str = "",
        repository: str = "",
    ) -> int:
        """A run that begins, or with a conclusion has ended; its ID, which is the artifacts' folder."""
        target = self.repository(repository)
        number = number or self.number()
        source = target.name if head_repository == "" else head_repository
        state = "completed" if conclusion else "in_progress"
        made = Run(number, event, path, name or path, head, head_branch, source, state, conclusion, by, self.now())
        target.runs[number] = made
        self._tell_run("completed" if conclusion else "requested", target, made)
        return number

    def end_run(self, number: int, conclusion: str, repository: str = "") -> None:
        """A run ends: `success`, `failure`, `cancelled` ..."""
        target = self.repository(repository)
        run = target.runs[number]
        run.status, run.conclusion = "completed", conclusion
        self._tell_run("completed", target, run)

    def upload(self, run: int, name: str, content: bytes) -> Path:
        """Put an artifact's zip where a run's uploads are."""
        file = self.artifacts / str(run) / name / f"{name}.zip"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def uploaded(self, run: int) -> list[tuple[int, str, Path]]:
        """The number, name and zip of each artifact of a run: `<run>/<name>/*.zip`, or `<run>/<name>.zip`."""
        folder = self.artifacts / str(run)
        found = {file.parent.name: file for file in folder.glob("*/*.zip")}
        found |= {file.stem: file for file in folder.glob("*.zip")}
        for name in sorted(found):
            if (run, name) not in self._artifact_numbers:
                self._artifact_numbers[run, name] = self.number()
        return [(self._artifact_numbers[run, name], name, found[name]) for name in sorted(found)]

    # Events

    def tell(
        self, name: str, action: str, repository: Repository, by: str, starts: bool, payload: dict[str, Any]
    ) -> None:
        common = {"repository": self.shown.repository(repository), "sender": user(by)}
        whole = {**({"action": action} if action else {}), **payload, **common}
        event = Event(f"delivery-{self.number()}", name, action, repository.name, whole, by, starts)
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def redeliver(self, event: Event) -> None:
        """Deliver an event once more, as GitHub does at times."""
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def _tell_pull(self, action: str, repository: Repository, pull: Pull, by: str, starts: bool, **more: Any) -> None:
        shown = {"number": pull.number, "pull_request": self.shown.pull(pull, repository), **more}
        self.tell("pull_request", action, repository, by, starts, shown)

    def _tell_run(self, action: str, repository: Repository, run: Run) -> None:
        workflow = {"id": sum(run.path.encode()), "name": run.name, "path": run.path, "state": "active"}
        shown = {"workflow_run": self.shown.run(run, repository), "workflow": workflow}
        self.tell("workflow_run", action, repository, run.actor, True, shown)

    def number(self) -> int:
        """A number that nothing else here has."""
        self._last += 1
        return self._last

    def now(self) -> str:
        """Each moment is later than the one before."""
        return f"{START + timedelta(seconds=self._last):%Y-%m-%dT%H:%M:%SZ}"

    def _next(self, repository: Repository) -> int:
        repository.count += 1
        return repository.count
