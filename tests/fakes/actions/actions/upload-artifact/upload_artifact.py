"""actions/upload-artifact: one zip, by version 4 of the protocol, to the server of the run."""

import base64
import glob
import hashlib
import io
import json
import os
import urllib.request
import zipfile
from pathlib import Path

inputs = json.loads(os.environ["INPUTS"])
workspace = Path(os.environ["GITHUB_WORKSPACE"])
name = inputs["name"]
if not name or set(name) & set('":<>|*?\\/\r\n'):
    raise SystemExit(f"::error::The artifact name is not valid: {name}")


def ask(method: str, question: dict[str, object]) -> dict[str, str]:
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
        found: dict[str, str] = json.load(answer)
        return found


def put(address: str, body: bytes) -> None:
    """A part of the file, or the list of its parts."""
    with urllib.request.urlopen(urllib.request.Request(address, body, method="PUT"), timeout=30):
        pass


def files_of(start: Path) -> list[Path]:
    """The files below a path; what begins with a dot only when asked for."""
    if start.name.startswith(".") and inputs["include-hidden-files"] != "true":
        return []
    if start.is_dir():
        return [found for one in sorted(start.iterdir()) for found in files_of(one)]
    return [start] if start.is_file() else []


starts: list[Path] = []
found: dict[Path, None] = {}
for line in filter(None, (line.strip() for line in inputs["path"].splitlines())):
    pattern = str(workspace / line.removeprefix("!"))
    matches = [Path(one) for one in glob.glob(pattern, recursive=True, include_hidden=True)]  # noqa: PTH207
    if line.startswith("!"):
        for left_out in matches:
            for one in [one for one in found if one == left_out or left_out in one.parents]:
                del found[one]
        continue
    fixed = Path(pattern)
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    starts.append(fixed)
    seen = files_of(fixed)
    for match in matches:
        found |= dict.fromkeys(one for one in seen if one == match or match in one.parents)
if not found:
    said = f"No files were found with the provided path: {inputs['path']}. No artifacts will be uploaded."
    if inputs["if-no-files-found"] == "error":
        raise SystemExit(f"::error::{said}")
    print(f"::warning::{said}" if inputs["if-no-files-found"] == "warn" else said)
    raise SystemExit
root = Path(os.path.commonpath(starts)) if len(starts) > 1 else starts[0]
root = root if root.is_dir() else root.parent
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    for one in found:
        archive.write(one, one.relative_to(root))
data = packed.getvalue()
digest = hashlib.sha256(data).hexdigest()
if inputs["overwrite"] == "true":
    ask("DeleteArtifact", {"name": name})
address = ask("CreateArtifact", {"name": name, "version": 4})["signedUploadUrl"]
block = base64.b64encode(b"0" * 32).decode()
put(f"{address}&comp=block&blockid={block}", data)
put(f"{address}&comp=blocklist", f"<BlockList><Latest>{block}</Latest></BlockList>".encode())
done = ask("FinalizeArtifact", {"name": name, "size": str(len(data)), "hash": f"sha256:{digest}"})
print(f"Artifact {name} has been successfully uploaded! {len(found)} files, {len(data)} bytes")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"artifact-id={done['artifactId']}\nartifact-digest={digest}\nartifact-url=\n")
