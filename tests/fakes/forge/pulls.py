"""Pull requests: branches of repositories, and what git makes of them."""

from __future__ import annotations

from typing import Any

from tests.fakes.forge.git import NOBODY
from tests.fakes.forge.places import Places
from tests.fakes.forge.shown import push, user
from tests.fakes.forge.state import (
    Event,
    Pull,
    Refused,
    Repository,
)


class Pulls(Places):
    """Pull requests, and pushes. `close` closes issues, too."""

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
            before, after = seen.get(name, NOBODY), now.get(name, NOBODY)
            self.tell("push", "", repository, by, starts, push(repository, name, before, after, by))

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

    def delete(self, name: str) -> None:
        """Delete a repository, as people do with forks; its pull requests stay open and head nowhere."""
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                self.refresh(repository, pull)
                pull.head_repository = None if pull.head_repository == name else pull.head_repository
        del self.repositories[name]

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
        pull.base = target.git.commit(f"refs/heads/{base}") or ""
        target.issues[number] = pull
        self.refresh(target, pull)
        pull.told = pull.head
        self._tell_pull("opened", target, pull, by, starts)
        return number

    def edit_pull(
        self,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        base: str | None = None,
        by: str = "ada",
        repository: str = "",
        starts: bool = True,
    ) -> None:
        """Give a pull request another title, text or base branch; `changes` tells what was there before."""
        target, pull = self.repository(repository), self.pull(number, repository)
        changes: dict[str, Any] = {}
        if base is not None and base != pull.base_branch:
            if (commit := target.git.commit(f"refs/heads/{base}")) is None:
                error = {"resource": "PullRequest", "field": "base", "code": "invalid"}
                raise Refused(422, "Validation Failed", [error])
            changes["base"] = {"ref": {"from": pull.base_branch}, "sha": {"from": pull.base}}
            pull.base_branch, pull.base = base, commit
            self.refresh(target, pull)
        for name, value in (("title", title), ("body", body)):
            if value is not None and value != getattr(pull, name):
                changes[name] = {"from": getattr(pull, name)}
                setattr(pull, name, value)
        if changes:
            self._tell_pull("edited", target, pull, by, starts, changes=changes)

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

    def _tell_pull(self, action: str, repository: Repository, pull: Pull, by: str, starts: bool, **more: Any) -> None:
        shown = {"number": pull.number, "pull_request": self.shown.pull(pull, repository), **more}
        self.tell("pull_request", action, repository, by, starts, shown)

    def _next(self, repository: Repository) -> int:
        repository.count += 1
        return repository.count
