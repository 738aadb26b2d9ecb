"""The repositories of a forge, who may do what there, and who hears of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from tests.fakes.forge.git import Bare
from tests.fakes.forge.shown import Shown, user
from tests.fakes.forge.state import (
    WRITE_ALL,
    Event,
    Fault,
    Repository,
    Token,
)

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Places:
    """Repositories, tokens, events."""

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

    def tell(
        self, name: str, action: str, repository: Repository, by: str, starts: bool, payload: dict[str, Any]
    ) -> None:
        common = {"repository": self.shown.of_an_event(repository, name), "sender": user(by)}
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

    def number(self) -> int:
        """A number that nothing else here has."""
        self._last += 1
        return self._last

    def now(self) -> str:
        """Each moment is later than the one before."""
        return f"{START + timedelta(seconds=self._last):%Y-%m-%dT%H:%M:%SZ}"
