"""The install of a job, really installed: from uv's cache, without a network."""

from __future__ import annotations

import json
import os
import pwd
import re
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.actions.pages import ROOT
from tests.fakes.runner import commands, outputs

SCRIPT = ROOT / "actions/setup/run.sh"
LOCK = ROOT / "actions/setup/requirements.txt"


def cache() -> Path:
    """Where uv keeps what it fetched for the environment of these tests."""
    return Path(os.environ.get("UV_CACHE_DIR") or Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache/uv")


class Runner:
    """A job on a runner: a workspace, a folder for what is temporary, and steps."""

    def __init__(self, home: Path) -> None:
        self.workspace = home / "workspace"
        self.temporary = home / "temporary"
        self.output = home / "output"
        for folder in (self.workspace, self.temporary):
            folder.mkdir(parents=True)
        self.variables = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
            "UV_CACHE_DIR": str(cache()),
            "UV_OFFLINE": "1",
        }

    def step(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        self.output.unlink(missing_ok=True)
        return subprocess.run(
            ["bash", str(SCRIPT), *words],
            cwd=self.workspace,
            env={**self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def refused(self, *words: str, **variables: str) -> tuple[int, str]:
        """The exit code and the one annotation of a step that fails."""
        done = self.step(*words, **variables)
        (found,) = commands(done.stdout)
        assert (found.name, found.properties["title"]) == ("error", "gitops-mlops setup"), done.stdout
        return done.returncode, found.data


def requirement_of_the_project() -> str:
    """A line of a lock, of a package that ours does not name."""
    lock = (ROOT / "requirements.txt").read_text()
    pinned = re.search(r"^iniconfig==\S+(?: \\\n +--hash=\S+)+", lock, re.MULTILINE)
    assert pinned
    return pinned[0]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the lock and the project name is in uv's cache; a machine that never fetched it does so once.

    The environment of these tests was synchronised, which needs no metadata, so they may be missing there.
    """
    own = tmp_path_factory.mktemp("wheels") / "own.txt"
    own.write_text(f"{requirement_of_the_project()}\n")
    plan = ["uv", "pip", "install", "--quiet", "--require-hashes", "--no-config", "-r", str(LOCK), "-r", str(own)]
    held = {**os.environ, "UV_CACHE_DIR": str(cache())}
    for more in ({"UV_OFFLINE": "1"}, {}):
        words = [*plan, "--target", str(Path(os.environ["HOME"]) / "wheels")]
        if subprocess.run(words, env={**held, **more}, capture_output=True, check=False).returncode == 0:
            return
    raise AssertionError(f"{LOCK} cannot be installed, online neither")


@pytest.fixture(scope="module")
def prepared_job(wheels: None, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A job that was set up, with a requirement of the project's own."""
    made = Runner(tmp_path_factory.mktemp("job"))
    (made.workspace / "requirements.txt").write_text(f"-r more/own.txt\n{requirement_of_the_project()}\n")
    (made.workspace / "more").mkdir()
    (made.workspace / "more/own.txt").write_text("\n")
    done = made.step("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="requirements.txt")
    assert done.returncode == 0, done.stdout
    assert "environment made in" in done.stdout
    return made


def environment_of(job: Runner) -> Path:
    (found,) = (job.temporary / "gitops-mlops").glob("environment-*")
    return found


def test_it_holds_the_lock_the_project_and_the_toolkit(prepared_job: Runner) -> None:
    python = environment_of(prepared_job) / "bin/python"
    listed = subprocess.run(
        ["uv", "pip", "list", "--format", "json", "--python", str(python)], capture_output=True, text=True, check=True
    )
    names = {one["name"]: one["version"] for one in json.loads(listed.stdout)}
    pinned = set(re.findall(r"^([\w.-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    assert names.pop("gitops-mlops")
    assert names.pop("iniconfig")
    assert names.items() <= pinned
    assert {"dvc", "polars", "scikit-learn", "starlette"} <= names.keys()
    assert "editable_project_location" not in listed.stdout


def test_a_second_start_finds_it_within_three_seconds(prepared_job: Runner) -> None:
    began = time.monotonic()
    done = prepared_job.step("schema", GITOPS_MLOPS_SCHEMA_NAME="mlops")
    assert time.monotonic() - began < 3
    assert "environment found in" in done.stdout
    assert done.returncode == 0, done.stdout
    assert outputs(prepared_job.output.read_text())["code"] == "0"
    assert (
        "environment found" in prepared_job.step("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="requirements.txt").stdout
    )
    assert outputs(prepared_job.output.read_text()) == {"environment": str(environment_of(prepared_job))}


def test_what_lies_in_the_workspace_is_not_imported(prepared_job: Runner) -> None:
    hostile = ["json.py", "click.py", "gitops_mlops.py", "install.py", "base64.py"]
    for name in hostile:
        (prepared_job.workspace / name).write_text("raise SystemExit('imported from the workspace')\n")
    try:
        done = prepared_job.step("schema", GITOPS_MLOPS_SCHEMA_NAME="mlops")
    finally:
        for name in hostile:
            (prepared_job.workspace / name).unlink()
    assert done.returncode == 0, done.stdout


def test_a_changed_requirement_makes_another_one_and_a_half_made_one_is_made_anew(prepared_job: Runner) -> None:
    first = environment_of(prepared_job)
    included = prepared_job.workspace / "more/own.txt"
    included.write_text("# something else\n")
    assert "environment made" in prepared_job.step("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="requirements.txt").stdout
    (second,) = set((prepared_job.temporary / "gitops-mlops").glob("environment-*")) - {first}
    (second / "complete").unlink()
    (second / "half").touch()
    assert "environment made" in prepared_job.step("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="requirements.txt").stdout
    assert not (second / "half").exists()
    included.write_text("\n")
    subprocess.run(["rm", "-r", str(second)], check=True)
    assert "environment found" in prepared_job.step("schema", GITOPS_MLOPS_SCHEMA_NAME="mlops").stdout


def wheel(folder: Path, name: str, version: str) -> Path:
    """A wheel of nothing."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_versions_that_do_not_go_together_end_the_job(wheels: None, tmp_path: Path) -> None:
    job = Runner(tmp_path)
    old = wheel(job.workspace, "click", "0.1")
    (job.workspace / "requirements.txt").write_text(f"./{old.name}\n")
    done = job.step("check")
    (found,) = commands(done.stdout)
    assert done.returncode == 4
    assert "the project and the toolkit need different versions" in found.data
    assert re.search("requires .click>=.*0.1", done.stdout)


def test_the_lock_of_a_project_is_taken_with_its_hashes(wheels: None, tmp_path: Path) -> None:
    job = Runner(tmp_path)
    made = wheel(job.workspace, "tiny", "1.0")
    (job.workspace / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["tiny"]\n'
        f'[tool.uv.sources]\ntiny = {{ path = "{made.name}" }}\n'
    )
    environment = {**job.variables, "UV_PYTHON": sys.executable}
    subprocess.run(["uv", "lock", "--quiet"], cwd=job.workspace, env=environment, check=True)
    assert job.step("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="uv.lock").returncode == 0
    assert list(environment_of(job).glob("lib/*/site-packages/tiny-1.0.dist-info"))
    made.write_bytes(made.read_bytes() + b"changed")
    (job.workspace / "uv.lock").write_text((job.workspace / "uv.lock").read_text() + "\n")
    assert job.refused("check") == (4, "cannot install uv.lock of the project → the log has the reason")


def test_a_wrong_hash_ends_the_job(wheels: None, tmp_path: Path) -> None:
    job = Runner(tmp_path)
    made = wheel(job.workspace, "tiny", "1.0")
    (job.workspace / "requirements.txt").write_text(f"tiny @ file://{made} --hash=sha256:{'0' * 64}\n")
    done = job.step("check")
    (found,) = commands(done.stdout)
    assert (done.returncode, found.data.partition(" →")[0]) == (4, "cannot install requirements.txt of the project")
    assert "Hash mismatch" in done.stdout


def test_what_an_installer_quotes_gives_no_commands() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import install; print(install.fenced('::error::x\\n::stop-commands::y\\n::y::'))"],
        cwd=SCRIPT.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "::error::x" in said.stdout
    assert commands(said.stdout) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    job = Runner(tmp_path)
    code, said = job.refused("setup", GITOPS_MLOPS_SETUP_REQUIREMENTS="requirements-gpu.txt")
    assert (code, said.partition(" →")[0]) == (2, "requirements: there is no file requirements-gpu.txt")


def test_jobs_with_rights_use_nothing_that_a_pull_request_may_have_left(wheels: None, tmp_path: Path) -> None:
    """uv's cache has all, and a uv is on PATH: a job of a push wants neither, and here is no index."""
    job = Runner(tmp_path)
    job.variables |= {"PIP_NO_INDEX": "1"}
    for event in ("push", "workflow_run", "schedule", "workflow_dispatch", ""):
        assert job.refused("check", GITHUB_EVENT_NAME=event) == (4, "cannot install uv → the log has the reason")


def test_a_prepared_environment_is_used_as_it_is(tmp_path: Path) -> None:
    job = Runner(tmp_path)
    ready = {"GITOPS_MLOPS_ENVIRONMENT": sys.prefix, "PYTHONPATH": str(ROOT)}
    done = job.step("schema", GITOPS_MLOPS_SCHEMA_NAME="mlops", **ready)
    assert done.returncode == 0, done.stdout
    assert not any(job.temporary.iterdir())
    assert job.refused("check", GITOPS_MLOPS_ENVIRONMENT=str(tmp_path))[0] == 2


def test_an_old_python_is_told_how_to_get_another(tmp_path: Path) -> None:
    job = Runner(tmp_path)
    old = tmp_path / "bin/python3"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    code, said = job.refused("check", PATH=f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    assert (code, said.partition(" →")[0]) == (2, "there is no python3 of 3.11 or newer")


def spied(job: Runner, **variables: str) -> tuple[dict[str, str], str]:
    """The environment that a command is started with, and what was said before."""
    spy = job.temporary / "spy"
    (spy / "bin").mkdir(parents=True)
    python = spy / "bin/python"
    python.write_text(f'#!/bin/sh\nenv -0 > "{spy}/environment"\necho "$@"\n')
    python.chmod(0o755)
    done = job.step("promote", GITOPS_MLOPS_ENVIRONMENT=str(spy), **variables)
    assert done.stdout.endswith("-P -m gitops_mlops promote\n"), done.stdout
    lines = (spy / "environment").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if line), done.stdout


def test_git_gets_the_token_for_as_long_as_the_command_runs(tmp_path: Path) -> None:
    job = Runner(tmp_path)
    (job.temporary / "checkout").mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=job.workspace, check=True)
    left = "http.https://forge.example/.extraheader"
    subprocess.run(["git", "config", left, "AUTHORIZATION: basic old"], cwd=job.workspace, check=True)
    before = (job.workspace / ".git/config").read_text()
    settings, said = spied(
        job, GITHUB_TOKEN="t0ken", GITHUB_SERVER_URL="https://forge.example", GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="a.b", GIT_CONFIG_VALUE_0="c",
    )  # fmt: skip
    encoded = "eC1hY2Nlc3MtdG9rZW46dDBrZW4="
    assert f"::add-mask::{encoded}\n" in said

    def asked(key: str, url: str) -> list[str]:
        done = subprocess.run(
            ["git", "config", "--get-urlmatch", key, url] if url else ["git", "config", "--get-all", key],
            cwd=job.workspace, env=settings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.splitlines()

    # An empty one drops those before it.
    assert asked(left, "")[-2:] == ["", f"AUTHORIZATION: basic {encoded}"]
    assert asked("a.b", "") == ["c"]
    assert asked("http.extraheader", "https://elsewhere.example/x") == []
    assert (job.workspace / ".git/config").read_text() == before


def test_without_a_token_git_is_left_alone(tmp_path: Path) -> None:
    settings, said = spied(Runner(tmp_path))
    assert "GIT_CONFIG_COUNT" not in settings
    assert "add-mask" not in said


@pytest.mark.parametrize("known", [True, False])
def test_tags_have_a_tagger(tmp_path: Path, known: bool) -> None:
    job = Runner(tmp_path)
    job.variables["HOME"] = str(tmp_path)
    if known:
        (tmp_path / ".gitconfig").write_text("[user]\n name = Ada\n email = ada@example.org\n")
    settings, _ = spied(job, GIT_COMMITTER_NAME="" if known else "Grace")
    assert settings.get("GIT_AUTHOR_NAME") == (None if known else "github-actions[bot]")
    assert settings.get("GIT_COMMITTER_NAME") == ("" if known else "Grace")
    assert settings.get("GIT_COMMITTER_EMAIL", "").endswith("@users.noreply.github.com") is not known


def test_the_configuration_of_dvc_is_for_this_user_only(tmp_path: Path) -> None:
    job = Runner(tmp_path)
    ready = {"GITOPS_MLOPS_ENVIRONMENT": sys.prefix, "GITOPS_MLOPS_SETUP_DVC_CONFIG": "[core]\n  remote = s3\n\n"}
    assert job.refused("setup", **ready) == (
        2,
        "dvc-config: there is no folder .dvc here → set working-directory, or run dvc init",
    )
    (job.workspace / ".dvc").mkdir()
    target = job.workspace / ".dvc/config.local"
    # A link of the repository's leads nowhere.
    target.symlink_to(tmp_path / "elsewhere")
    assert job.step("setup", **ready).returncode == 0
    assert (target.read_text(), stat.S_IMODE(target.lstat().st_mode)) == ("[core]\n  remote = s3\n", 0o600)
    assert not (tmp_path / "elsewhere").exists()


def test_the_lock_is_the_one_that_is_tested() -> None:
    """Every version is that of the lock that these tests run on, and every one has its hashes."""

    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([\w.-]+==\S+)(?: ; [^\\\n]+)? \\\n +--hash=", path.read_text(), re.MULTILINE))

    ours = pins(LOCK)
    assert len(ours) == len(re.findall(r"^[a-z]", LOCK.read_text(), re.MULTILINE)) > 50
    assert ours <= pins(ROOT / "requirements.txt")
    assert "://" not in LOCK.read_text()
