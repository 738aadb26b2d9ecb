"""GitHub's endpoints, one function each, with the permission that each takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.fakes.forge.state import Issue, Pull, Refused, Repository, Token
from tests.fakes.forge.world import Forge

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


class Reply(NamedTuple):
    status: int
    data: Any
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass
class Call:
    """One request: who asks, of which repository, with what."""

    forge: Forge
    token: Token | None
    repository: Repository
    path: str
    parts: dict[str, str]
    query: dict[str, str]
    body: Any

    @property
    def by(self) -> str:
        assert self.token is not None
        return self.token.login

    @property
    def starts(self) -> bool:
        """What the token of a workflow does starts no workflow."""
        return self.token is None or self.token.kind != "workflow"

    def number(self, name: str) -> int:
        return int(self.parts[name])

    def issue(self, name: str = "issue_number") -> Issue:
        found = self.repository.issues.get(self.number(name))
        if found is None:
            raise Refused(404, "Not Found")
        if not isinstance(found, Pull) and not self.repository.issues_on:
            raise Refused(410, "Issues has been disabled in this repository.")
        return found

    def pull(self) -> Pull:
        found = self.repository.issues.get(self.number("pull_number"))
        if not isinstance(found, Pull):
            raise Refused(404, "Not Found")
        self.forge.refresh(self.repository, found)
        return found

    def page(self, listed: list[Any]) -> Reply:
        """One page, and where the next one is."""
        found, headers = self.cut(listed)
        return Reply(200, found, headers)

    def cut(self, listed: list[Any]) -> tuple[list[Any], dict[str, str]]:
        page, size = int(self.query.get("page", 1)), min(int(self.query.get("per_page", 30)), 100)
        headers = {}
        if len(listed) > page * size:
            place = f"{self.forge.address}{self.path}"
            words = [f'<{place}?{urlencode({**self.query, "page": 1})}>; rel="first"'] if page > 1 else []
            words.append(f'<{place}?{urlencode({**self.query, "page": page + 1})}>; rel="next"')
            headers = {"Link": ", ".join(words)}
        return listed[(page - 1) * size : page * size], headers


class Route(NamedTuple):
    """An endpoint, and the permission that it takes; of several, told apart by `|`, one is enough."""

    method: str
    template: str
    pattern: re.Pattern[str]
    permission: str
    answer: Callable[[Call], Reply]


IN = "/repos/{owner}/{repo}"
Answer = Callable[[Call], Reply]


def into(routes: list[Route]) -> Callable[[str, str, str], Callable[[Answer], Answer]]:
    """A decorator that adds an endpoint to a list: its method, path and permission."""

    def route(method: str, template: str, permission: str) -> Callable[[Answer], Answer]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + r"\Z")

        def add(answer: Answer) -> Answer:
            routes.append(Route(method, template, pattern, permission, answer))
            return answer

        return add

    return route
