"""Asking one repository's endpoints, with errors that say what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from gitops_mlops.adapters.forge.answers import sequence, text
from gitops_mlops.adapters.forge.connection import ForgeResponse
from gitops_mlops.adapters.forge.refusals import EndpointSubject, require_success, token_missing
from gitops_mlops.adapters.forge.transport import ForgeTransport
from gitops_mlops.domain.errors import ExternalError, UnsupportedByForge, UsageError

T = TypeVar("T")

_REPOSITORY = re.compile(r"(?!\.{1,2}/)[\w.-]+/(?!\.{1,2}\Z)[\w.-]+\Z", re.ASCII)
_LOGIN = re.compile(r"[\w.-]+(\[bot\])?\Z", re.ASCII)


class Endpoints:
    """One repository at a forge. Raises UsageError for a name that is not `owner/name`, or a login that cannot be.

    `login` is whose token it is, "" to ask the forge.
    """

    def __init__(self, transport: ForgeTransport, repository: str, login: str = "") -> None:
        if not _REPOSITORY.match(repository):
            raise UsageError("is not a repository", where="GITHUB_REPOSITORY", hint="write owner/name")
        if login and not _LOGIN.match(login):
            raise UsageError(
                "is not a login", where="GITOPS_MLOPS_LOGIN", hint="write it as comments show it: app[bot]"
            )
        self.repository = repository
        self._transport = transport
        self._given_login = login
        # Gitea's and Forgejo's API is much like GitHub's, under this path.
        self._gitea = transport.address.endswith("/api/v1")

    def login(self) -> str:
        """Whose token it is: a user's login, or an app's with `[bot]`, such as `github-actions[bot]`."""
        return self._login

    @cached_property
    def _login(self) -> str:
        if self._given_login:
            return self._given_login
        what = EndpointSubject("the owner of the token", "metadata: read")
        if self._transport.anonymous:
            raise token_missing(self._where(what))
        answer = self._transport.get("/user")
        if answer.status in (403, 404):
            # An app's token is no user's; only GitHub's other API tells whose it is.
            graphql = f"{self._transport.address.removesuffix('/v3')}/graphql"
            answer = self._transport.send("POST", graphql, {"query": "query{viewer{login}}"})
            if answer.status != 200 or not isinstance(answer.data, dict) or answer.data.get("errors"):
                hint = "set GITOPS_MLOPS_LOGIN: for an app, its name followed by [bot]"
                raise ExternalError("does not report the owner of the token", where=self._where(what), hint=hint)
            return self._parsed(lambda data: text(data["data"]["viewer"]["login"]), answer, what)
        self._require(answer, what)
        return self._parsed(lambda data: text(data["login"]), answer, what)

    def _read(self, path: str, parse: Callable[[Any], T], what: EndpointSubject) -> T:
        answer = self._transport.get(self._path(path))
        self._require(answer, what)
        return self._parsed(parse, answer, what)

    def _list(self, path: str, parse: Callable[[Any], T], what: EndpointSubject, key: str = "") -> list[T]:
        """All of a list; `key` is the member of the answer that holds it, if not the answer itself."""
        found: list[T] = []
        for answer in self._transport.pages(self._path(path)):
            self._require(answer, what)
            found += self._parsed(lambda data: sequence(data[key] if key else data, parse), answer, what)
        return found

    def _first_page(self, path: str, parse: Callable[[Any], T], what: EndpointSubject) -> list[T]:
        return self._read(path, lambda data: sequence(data, parse), what)

    def _write(self, method: str, path: str, body: dict[str, Any], what: EndpointSubject) -> None:
        """Send what may arrive twice without harm."""
        self._require(self._transport.send(method, self._path(path), body), what)

    def _create(
        self,
        path: str,
        body: dict[str, Any],
        parse: Callable[[Any], T],
        what: EndpointSubject,
        arrived: Callable[[], T | None],
    ) -> T:
        """Make something once. `arrived` looks for it when the answer was lost."""
        answer = self._transport.post(self._path(path), body, arrived)
        if not isinstance(answer, ForgeResponse):
            return answer
        self._require(answer, what)
        return self._parsed(parse, answer, what)

    def _path(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"

    def _where(self, what: EndpointSubject) -> str:
        return f"{what.name} of {self.repository}"

    def _unsupported(self, what: str) -> UnsupportedByForge:
        return UnsupportedByForge(f"Gitea and Forgejo have no {what} that could be used", where=self.repository)

    def _require(self, answer: ForgeResponse, what: EndpointSubject) -> None:
        require_success(answer.status, answer.data, what, self._where(what), self._transport.anonymous)

    def _parsed(self, parse: Callable[[Any], T], answer: ForgeResponse, what: EndpointSubject) -> T:
        try:
            return parse(answer.data)
        except (TypeError, KeyError, ValueError):
            message = "the forge's answer is not what GitHub's API describes"
            raise ExternalError(message, where=self._where(what), hint="check GITHUB_API_URL") from None
