"""actions/download-artifact: of this run by version 4 of the protocol, of another run by the API."""

import base64
import fnmatch
import io
import json
import os
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

inputs = json.loads(os.environ["INPUTS"])
target = Path(os.environ["GITHUB_WORKSPACE"]) / inputs["path"]
elsewhere = inputs["github-token"] != ""


def ask(method: str, question: dict[str, object]) -> dict[str, Any]:
    """A call of the artifact service, which knows the run from the token."""
    token = os.environ["ACTIONS_RUNTIME_TOKEN"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    _, run, job = claims["scp"].split(":")
    body = {"workflowRunBackendId": run, "workflowJobRunBackendId": job, **question}
    service = "twirp/github.actions.results.api.v1.ArtifactService"
    request = urllib.request.Request(
        f"{os.environ['ACTIONS_RESULTS_URL']}{service}/{method}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def fetch(address: str) -> bytes:
    """What an address holds. The API wants the token that was given; where it sends us then must not see it."""
    request = urllib.request.Request(address)
    if address.startswith(os.environ["GITHUB_API_URL"]):
        request.add_unredirected_header("Authorization", f"Bearer {inputs['github-token']}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
        return content


def known() -> dict[str, str]:
    """The artifacts, each with the address of its zip ("" is asked for later)."""
    if not elsewhere:
        return {one["name"]: "" for one in ask("ListArtifacts", {}).get("artifacts", [])}
    runs = f"{os.environ['GITHUB_API_URL']}/repos/{inputs['repository']}/actions/runs"
    listed = json.loads(fetch(f"{runs}/{inputs['run-id']}/artifacts?per_page=100"))
    return {one["name"]: one["archive_download_url"] for one in listed["artifacts"]}


there = known()
if inputs["name"]:
    if inputs["name"] not in there:
        raise SystemExit(f"::error::Unable to download artifact(s): Artifact not found for name: {inputs['name']}")
    chosen = [inputs["name"]]
else:
    chosen = [one for one in there if not inputs["pattern"] or fnmatch.fnmatch(one, inputs["pattern"])]
for one in chosen:
    address = there[one] or ask("GetSignedArtifactURL", {"name": one})["signedUrl"]
    into = target if inputs["name"] or inputs["merge-multiple"] == "true" else target / one
    into.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(fetch(address))) as archive:
        archive.extractall(into)
    print(f"Artifact {one} was downloaded to {into}")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"download-path={target}\n")
