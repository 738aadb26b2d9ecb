"""Write github.json: the part of GitHub's OpenAPI description that the emulator of the forge speaks.

npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
python tests/fakes/openapi/extract.py package/generated/api.github.com.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_REPOSITORY = "/repos/{owner}/{repo}"
ENDPOINTS = {
    "/user": ["get"],
    _REPOSITORY: ["get"],
    f"{_REPOSITORY}/pulls": ["get", "post"],
    f"{_REPOSITORY}/pulls/{{pull_number}}": ["get", "patch"],
    f"{_REPOSITORY}/pulls/{{pull_number}}/merge": ["put"],
    f"{_REPOSITORY}/pulls/{{pull_number}}/reviews": ["get"],
    f"{_REPOSITORY}/commits/{{commit_sha}}/pulls": ["get"],
    f"{_REPOSITORY}/issues": ["get", "post"],
    f"{_REPOSITORY}/issues/{{issue_number}}": ["get", "patch"],
    f"{_REPOSITORY}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{_REPOSITORY}/issues/{{issue_number}}/labels": ["post"],
    f"{_REPOSITORY}/issues/comments/{{comment_id}}": ["patch"],
    f"{_REPOSITORY}/statuses/{{sha}}": ["post"],
    f"{_REPOSITORY}/deployments": ["get", "post"],
    f"{_REPOSITORY}/deployments/{{deployment_id}}/statuses": ["get", "post"],
    f"{_REPOSITORY}/dispatches": ["post"],
    f"{_REPOSITORY}/actions/runs/{{run_id}}": ["get"],
    f"{_REPOSITORY}/actions/runs/{{run_id}}/artifacts": ["get"],
    f"{_REPOSITORY}/actions/artifacts/{{artifact_id}}/{{archive_format}}": ["get"],
}
# Below these, every key is a name that somebody chose.
_NAMED = {"components", "examples", "headers", "parameters", "paths", "properties", "responses", "schemas"}
# Words for people, and what GitHub's generators add for their own use.
_LEFT_OUT = {"description", "externalDocs", "summary", "x-github", "x-octokit", "x-github-breaking-changes"}


def extract(whole: dict[str, Any]) -> dict[str, Any]:
    """The endpoints in use and every component that they refer to."""
    paths = {path: {verb: whole["paths"][path][verb] for verb in verbs} for path, verbs in ENDPOINTS.items()}
    components: dict[str, dict[str, Any]] = {}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = whole["components"][kind][name]
            waiting += _references(components[kind][name])
    part = {"paths": paths, "components": {kind: dict(sorted(found.items())) for kind, found in components.items()}}
    return {"openapi": whole["openapi"], "info": whole["info"], "servers": whole["servers"], **_shortened(part)}


def _references(node: Any) -> Iterator[str]:
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(child)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]


def _shortened(node: Any, *, named: bool = False) -> Any:
    """Without what only people read."""
    if isinstance(node, list):
        return [_shortened(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key in ("value", "example") else _shortened(value, named=key in _NAMED)
        for key, value in node.items()
        if named or key not in _LEFT_OUT
    }


if __name__ == "__main__":
    found = extract(json.loads(Path(sys.argv[1]).read_text()))
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("github.json").write_text(text)
