"""GitHub's own description of its API, as a judge of every request and every answer."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

_DESCRIPTION = Path(__file__).parents[1] / "openapi" / "github.json"


@cache
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_DESCRIPTION.read_bytes(), object_hook=_nullable)
    return loaded


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """Lets null be one of the values where GitHub says that it may be, and lists only the others."""
    if node.get("nullable") and isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"].append(None)
    return node


@cache
def _judge() -> OpenAPI:
    return OpenAPI.from_dict(description(), config=Config(spec_validator_cls=cast(Any, None)))


def example(name: str) -> Any:
    """GitHub's own example of an answer."""
    return copy.deepcopy(description()["components"]["examples"][name]["value"])


@dataclass
class Asked:
    """What openapi-core wants to know of a request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    body: bytes
    host_url: str = "https://api.github.com"

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(ImmutableMultiDict(self.query), self.headers)

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


@dataclass
class _Answered:
    """What openapi-core wants to know of an answer."""

    status_code: int
    data: bytes
    headers: Headers
    content_type: str = "application/json"


def request_violations(asked: Asked, template: str) -> list[str]:
    """What breaks GitHub's description in a request to an endpoint; what it does not name is wrong, too."""
    operation = description()["paths"][template][asked.method.lower()]
    known = {_resolved(one)["name"] for one in operation.get("parameters", ())}
    found = [f"the query {name} is unknown" for name in asked.query.keys() - known]
    if asked.body:
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        sent = json.loads(asked.body)
        members = {name for each in (schema, *schema.get("oneOf", ())) for name in each.get("properties", ())}
        found += [f"the member {name} is unknown" for name in sent.keys() - members]
    return found + _tried(lambda: _judge().validate_request(asked))


def answer_violations(asked: Asked, template: str, status: int, data: Any, headers: dict[str, str]) -> list[str]:
    """The same of an answer. Refusals that the endpoint does not name must look as GitHub's others do."""
    operation = description()["paths"][template][asked.method.lower()]
    if str(status) not in operation["responses"]:
        well = status >= 400 and {"message", "documentation_url", "status"} <= data.keys()
        return [] if well else [f"the status {status} is unknown"]
    body = b"" if data is None else json.dumps(_with_forks(data)).encode()
    return _tried(lambda: _judge().validate_response(asked, _Answered(status, body, Headers(headers))))


def _with_forks(data: Any) -> Any:
    """With a repository where there is none: GitHub writes null for a fork that was deleted, and describes none."""
    if isinstance(data, list):
        return [_with_forks(one) for one in data]
    if "head_repository" in data and data["head_repository"] is None:
        return data | {"head_repository": data["repository"]}
    if isinstance(data.get("head"), dict) and data["head"]["repo"] is None:
        return data | {"head": data["head"] | {"repo": data["base"]["repo"]}}
    return data


def _tried(judgement: Any) -> list[str]:
    try:
        judgement()
    except Exception as error:
        details = [f"{list(one.path)} {one.message}" for one in getattr(error.__cause__, "schema_errors", ())]
        return [f"{type(error).__name__} {details or error.__cause__}"]
    return []


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: dict[str, Any] = description()["components"][kind][name]
    return found
