"""actions/checkout: the same git commands in the same order, as far as we use them."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path

inputs = json.loads(os.environ["INPUTS"])
workspace = Path(os.environ["GITHUB_WORKSPACE"]).resolve()
root = (workspace / inputs["path"]).resolve()
server, repository, token = os.environ["GITHUB_SERVER_URL"], inputs["repository"], inputs["token"]
if not root.is_relative_to(workspace):
    raise SystemExit(f"::error::Repository path '{root}' is not under '{workspace}'")
credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
header = (f"http.{server}/.extraheader", f"AUTHORIZATION: basic {credentials}")
secret = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": header[0], "GIT_CONFIG_VALUE_0": header[1]} if token else {}


def git(*words: str) -> str:
    environment = {**os.environ, **secret, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *words], cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr)
        raise SystemExit(f"::error::The process 'git {words[0]}' failed with exit code {done.returncode}")
    return done.stdout.strip()


def wanted() -> tuple[str, str]:
    """The reference and the commit to fetch; either may be empty."""
    given = inputs["ref"]
    if re.fullmatch("[0-9a-f]{40}", given):
        return "", given
    if given:
        return given, ""
    if repository == os.environ["GITHUB_REPOSITORY"]:
        return os.environ["GITHUB_REF"], os.environ["GITHUB_SHA"]
    (found,) = re.findall(r"ref: (\S+)", git("ls-remote", "--symref", "origin", "HEAD"))
    return found, ""


def full(ref: str) -> str:
    """A short name as the branch or else the tag that the remote has."""
    if not ref or ref.startswith("refs/"):
        return ref
    known = git("ls-remote", "origin", f"refs/heads/{ref}", f"refs/tags/{ref}")
    for name in (f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if f"\t{name}" in known:
            return name
    raise SystemExit(f"::error::A branch or tag with the name '{ref}' could not be found")


root.mkdir(parents=True, exist_ok=True)
if not (root / ".git").is_dir():
    git("init", "--quiet")
    git("remote", "add", "origin", f"{server}/{repository}")
git("config", "--local", "gc.auto", "0")
if inputs["persist-credentials"] == "true" and token:
    git("config", "--local", *header)
ref, commit = wanted()
ref = full(ref)
depth = int(inputs["fetch-depth"])
fetch = ["fetch", "--quiet", "--prune", "--no-recurse-submodules", "--force"]
specs = []
if inputs["filter"]:
    fetch.append(f"--filter={inputs['filter']}")
if depth > 0:
    fetch.append(f"--depth={depth}")
if inputs["fetch-tags"] != "true":
    fetch.append("--no-tags")
else:
    specs.append("+refs/tags/*:refs/tags/*")
if depth <= 0:
    git(*fetch, "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    specs = []
branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
if branch:
    target = f"refs/remotes/origin/{branch}"
elif ref.startswith("refs/pull/"):
    target = f"refs/remotes/pull/{ref.removeprefix('refs/pull/')}"
else:
    target = ref
if ref.startswith("refs/tags/"):
    specs.append(f"+{ref}:{ref}")
elif target:
    specs.append(f"+{commit or ref}:{target}")
else:
    specs.append(commit)
git(*fetch, "origin", *dict.fromkeys(specs))
if branch:
    git("checkout", "--quiet", "--force", "-B", branch, target)
    git("branch", "--quiet", f"--set-upstream-to=origin/{branch}", branch)
else:
    git("checkout", "--quiet", "--force", "--detach", target or commit)
if inputs["clean"] == "true":
    git("clean", "-ffdx", "--quiet")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"ref={ref}\ncommit={git('rev-parse', 'HEAD')}\n")
