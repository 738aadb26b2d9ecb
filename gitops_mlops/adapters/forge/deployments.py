"""Deployments, and how they go on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from gitops_mlops.adapters.forge.answers import text, whole, words
from gitops_mlops.adapters.forge.endpoints import Endpoints
from gitops_mlops.adapters.forge.refusals import EndpointSubject
from gitops_mlops.domain.review.forge import DeploymentState, ForgeDeployment
from gitops_mlops.domain.shortening import shorten

_READ, _WRITE = "deployments: read", "deployments: write"
_LONGEST_DESCRIPTION = 140
# Each one's state takes another request.
_NEWEST = 30


class DeploymentEndpoints(Endpoints):
    """The deployments that a repository's forge was told of."""

    def deployments(self, environment: str, commit: str = "") -> list[ForgeDeployment]:
        """The 30 newest deployments to an environment, the newest first."""
        listed = self._listed(environment, commit, _NEWEST)
        return [one._replace(state=self._last_state(one.id)[0]) for _, one in listed]

    def create_deployment(self, commit: str, environment: str, description: str, production: bool) -> int:
        """Tell of a deployment that begins; its ID."""
        if self._gitea:
            raise self._unsupported("deployments")
        what, mark = EndpointSubject(f"a deployment to {environment}", _WRITE), uuid4().hex
        body = {
            "ref": commit,
            "environment": environment,
            "description": shorten(description, _LONGEST_DESCRIPTION),
            "production_environment": production,
            "auto_merge": False,
            # Checks of the commit decided before.
            "required_contexts": [],
            "payload": {"request": mark},
        }

        def arrived() -> int | None:
            listed = self._listed(environment, commit, 100)
            # A forge may keep it as a text.
            return next((one.id for payload, one in listed if mark in json.dumps(payload)), None)

        return self._create("/deployments", body, lambda data: whole(data["id"]), what, arrived)

    def set_deployment_state(
        self, deployment: int, state: DeploymentState, description: str, address: str = "", web: str = ""
    ) -> None:
        """Tell how a deployment goes on."""
        if self._gitea:
            raise self._unsupported("deployments")
        what = EndpointSubject(f"the state of deployment {deployment}", _WRITE)
        description = shorten(description, _LONGEST_DESCRIPTION)
        places = {"log_url": address, "environment_url": web}
        body = {"state": state, "description": description} | {key: url for key, url in places.items() if url}

        def arrived() -> int | None:
            return deployment if self._last_state(deployment) == (state, description) else None

        self._create(f"/deployments/{deployment}/statuses", body, lambda data: whole(data["id"]), what, arrived)

    def _listed(self, environment: str, commit: str, count: int) -> list[tuple[Any, ForgeDeployment]]:
        if self._gitea:
            raise self._unsupported("deployments")
        query = {"environment": environment, "per_page": count} | ({"sha": commit} if commit else {})
        what = EndpointSubject(f"the deployments to {environment}", _READ)
        return self._first_page(f"/deployments?{urlencode(query)}", _deployment, what)

    def _last_state(self, deployment: int) -> tuple[str, str]:
        """The state and the description of the newest status."""
        what = EndpointSubject(f"the states of deployment {deployment}", _READ)
        listed = self._first_page(f"/deployments/{deployment}/statuses?per_page=1", _state, what)
        return listed[0] if listed else ("", "")


def _deployment(data: Any) -> tuple[Any, ForgeDeployment]:
    """Its payload, and itself before its first status."""
    return data["payload"], ForgeDeployment(
        whole(data["id"]), text(data["sha"]), text(data["environment"]), words(data["description"]), ""
    )


def _state(data: Any) -> tuple[str, str]:
    return text(data["state"]), words(data["description"])
