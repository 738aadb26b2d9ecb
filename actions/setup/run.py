"""Run one verb as an action does: in the job's environment, with the token for git for as long as it runs.

`run.py setup` only makes the environment. Everything else is the command line's, which reads its options from
environment variables.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

# `-I` leaves this folder out.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import install
from install import Failure

_BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")


def main(words: list[str]) -> None:
    """Do what the words say; the process becomes the command."""
    setting_up = words == ["setup"]
    folder = Path.cwd()
    found = install.prepared(os.environ)
    if found is None:
        wanted = install.asked(os.environ, folder)
        if setting_up:
            install.record(os.environ, wanted)
        began = time.monotonic()
        found, made = install.environment(wanted, os.environ)
        _say(f"gitops-mlops: environment {'made' if made else 'found'} in {time.monotonic() - began:.1f} s")
    if setting_up:
        _configure_dvc(folder, os.environ.get("GITOPS_MLOPS_SETUP_DVC_CONFIG", ""))
        _output("environment", str(found))
    else:
        _become(found, words)


def _become(environment: Path, words: list[str]) -> NoReturn:
    python = str(install.python_of(environment))
    settings = {**os.environ, **_places(environment), **_identity(), **_access(os.environ)}
    sys.stdout.flush()
    # What lies in the workspace is not imported in place of the toolkit.
    os.execve(python, [python, "-P", "-m", "gitops_mlops", *words], settings)  # noqa: S606


def _places(environment: Path) -> dict[str, str]:
    # Stages say `python train.py` and mean the environment that has what they require.
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "VIRTUAL_ENV": str(environment), "GITOPS_MLOPS_GITHUB": "true", "DVC_NO_ANALYTICS": "1"}


def _identity() -> dict[str, str]:
    """Who commits and tags, where git does not know."""
    known = all(
        subprocess.run(["git", "config", "--get", f"user.{key}"], capture_output=True, check=False).returncode == 0
        for key in ("name", "email")
    )
    if known:
        return {}
    names = {f"GIT_{role}_NAME": _BOT[0] for role in ("AUTHOR", "COMMITTER")}
    given = names | {f"GIT_{role}_EMAIL": _BOT[1] for role in ("AUTHOR", "COMMITTER")}
    return {name: os.environ.get(name) or value for name, value in given.items()}


def _access(environ: Mapping[str, str]) -> dict[str, str]:
    """The token for git, in the environment of this one process: nothing is written into .git/config."""
    token, server = environ.get("GITHUB_TOKEN", ""), environ.get("GITHUB_SERVER_URL") or "https://github.com"
    if not token:
        return {}
    encoded = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    _say(f"::add-mask::{encoded}")
    key = f"http.{server.rstrip('/')}/.extraheader"
    count = int(environ.get("GIT_CONFIG_COUNT") or 0)
    # An empty value drops the header that a checkout may have left: two of them are refused.
    values = ("", f"AUTHORIZATION: basic {encoded}")
    settings = {"GIT_CONFIG_COUNT": str(count + len(values))}
    for number, value in enumerate(values, count):
        settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return settings


def _configure_dvc(folder: Path, content: str) -> None:
    """Write .dvc/config.local, which git ignores, for this user only."""
    if not content.strip():
        return
    target = folder / ".dvc" / "config.local"
    if not target.parent.is_dir():
        raise Failure("dvc-config: there is no folder .dvc here → set working-directory, or run dvc init")
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content.rstrip("\n") + "\n")


def _output(name: str, value: str) -> None:
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        if failure.details:
            _say(install.fenced(failure.details))
        message = str(failure).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        _say(f"::error title=gitops-mlops setup::{message}")
        sys.exit(failure.code)
