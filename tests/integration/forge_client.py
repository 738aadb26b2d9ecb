"""The forge's client against the emulator, without waiting."""

from __future__ import annotations

import pytest

from gitops_mlops.adapters.forge import ForgeTransport, GitHub
from gitops_mlops.domain.errors import ExternalError
from tests.conftest import Repo
from tests.fakes.forge import TOKEN, Forge


class Pauses:
    """A timer that notes the pauses instead of making them."""

    def __init__(self) -> None:
        self.made: list[float] = []

    def seconds(self) -> float:
        return sum(self.made)

    def sleep(self, seconds: float) -> None:
        self.made.append(seconds)


def client(forge: Forge, token: str = TOKEN, pauses: Pauses | None = None, login: str = "") -> GitHub:
    return GitHub(ForgeTransport(forge.address, token, pauses or Pauses()), "octo/demo", login)


def with_branch(forge: Forge, repo: Repo, name: str = "change") -> str:
    """Push main and a branch that has one commit more; that commit."""
    repo.git("remote", "add", "origin", str(forge.folder()))
    repo.commit("first", **{"a.txt": "1\n"})
    repo.git("checkout", "--quiet", "-b", name)
    commit = repo.commit("second", **{"b.txt": "2\n"})
    repo.git("push", "--quiet", "origin", "main", name)
    forge.sync()
    forge.events.clear()
    return commit


def refusal(found: pytest.ExceptionInfo[ExternalError]) -> str:
    """What an error says: one short line that does not show the token."""
    text = str(found.value)
    assert "\n" not in text
    assert text.isprintable()
    assert len(text) < 450
    assert TOKEN not in text
    return text
