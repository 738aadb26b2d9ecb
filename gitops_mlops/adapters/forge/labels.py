"""Labels, which Gitea and Forgejo know by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitops_mlops.adapters.forge.answers import text, whole
from gitops_mlops.adapters.forge.endpoints import Endpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject

_COLOUR = "#ededed"


class LabelEndpoints(Endpoints):
    """The labels of a repository."""

    def _labels(self, names: Sequence[str], what: EndpointSubject) -> list[str] | list[int]:
        """Labels as the forge wants them. GitHub makes those that do not exist; elsewhere they are made here."""
        if not self._gitea:
            return list(names)
        known = dict(self._list("/labels?limit=50", _label, what)) if names else {}
        return [known[name] if name in known else self._made(name, what) for name in names]

    def _made(self, name: str, what: EndpointSubject) -> int:
        def arrived() -> int | None:
            return dict(self._list("/labels?limit=50", _label, what)).get(name)

        return self._create("/labels", {"name": name, "color": _COLOUR}, lambda data: _label(data)[1], what, arrived)


def _label(data: Any) -> tuple[str, int]:
    return text(data["name"]), whole(data["id"])
