"""Where the files of workflows and actions come from: the forge's repositories, this working tree, the stand-ins."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.actions.workflow import Origin, Workflow, WorkflowError, parse, resolve, used
from tests.fakes.forge.git import Bare

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests" / "fakes" / "actions"
TOOLKIT = "octo/gitops-mlops"
# No action reads them, and the engine copies an action for every step that uses it.
LEFT_OUT = (":!tests", ":!docs", ":!benchmarks")


def toolkit(folder: Path) -> Bare:
    """This working tree, with what is not committed yet, as one commit on `main` of a bare repository."""
    bare = Bare.create(folder / "toolkit.git")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "The harness", f"GIT_{role}_EMAIL": "harness@example.org"}
    environment |= {"GIT_DIR": str(bare.folder), "GIT_WORK_TREE": str(ROOT)}
    environment |= {"GIT_INDEX_FILE": str(folder / "toolkit.index")}

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("add", "--all", "--", ".", *LEFT_OUT)
    bare.set("refs/heads/main", git("commit-tree", git("write-tree"), "-m", "The working tree"))
    return bare


class Sources:
    """Reads files at commits; folders of actions are laid out once."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self.cache = cache

    def bare(self, repository: str) -> Bare | None:
        folder = self.root / f"{repository}.git"
        return Bare(folder) if folder.is_dir() else None

    def workflows(self, origin: Origin) -> Iterator[tuple[Workflow, str]]:
        """The workflow files of a commit, each with what is broken in it."""
        bare = self.bare(origin.repository)
        assert bare
        listed = bare("ls-tree", "--name-only", origin.commit, ".github/workflows/").splitlines()
        for path in listed:
            if path.endswith((".yml", ".yaml")):
                try:
                    yield parse(bare("show", f"{origin.commit}:{path}"), path, origin), ""
                except WorkflowError as error:
                    yield Workflow(path, origin, {"on": [], "jobs": {}}), str(error)

    def called(self, uses: str, within: Workflow) -> Workflow:
        """The workflow that a job calls, as `./path`, `$/path` or `owner/name/path@ref`."""
        if uses.startswith("./"):
            uses = f"{within.origin.repository}/{uses[2:]}@{within.origin.commit}"
        repository, path, ref = split(resolve(uses, within.origin))
        bare = self.bare(repository)
        commit = bare.commit(ref) if bare else None
        if not bare or not commit or not bare("ls-tree", "--name-only", commit, path):
            raise WorkflowError(f"{within.path}: error parsing called workflow {uses}: workflow was not found")
        return parse(bare("show", f"{commit}:{path}"), path, Origin(repository, commit))

    def actions(self, steps: list[Mapping[str, Any]], within: Workflow) -> dict[str, Path]:
        """`owner/repo@ref` and its folder, for all that steps use and what those use in turn."""
        found: dict[str, Path] = {}
        waiting = [(step, within.origin) for step in steps]
        while waiting:
            step, origin = waiting.pop()
            for uses in used([step], origin):
                repository, path, ref = split(uses)
                folder, commit = self._folder(repository, ref, uses)
                found[f"{repository}@{ref}"] = folder
                inner = _definition(folder / path, uses)
                if not commit and (strange := sorted(set(step.get("with") or {}) - set(inner.get("inputs") or {}))):
                    raise WorkflowError(f"the stand-in for {uses} does not know {', '.join(strange)}")
                waiting += [(one, Origin(repository, commit)) for one in inner["runs"].get("steps", [])]
        return found

    def _folder(self, repository: str, ref: str, uses: str) -> tuple[Path, str]:
        bare = self.bare(repository)
        if bare is None:
            if not (STAND_INS / repository).is_dir():
                raise WorkflowError(f"there is no stand-in for {uses}: write one in tests/fakes/actions/{repository}")
            return STAND_INS / repository, ""
        commit = bare.commit(ref)
        if commit is None:
            raise WorkflowError(f"unable to resolve action {uses}: no such version")
        target = self.cache / f"{repository.replace('/', '-')}-{commit}"
        if not target.is_dir():
            archive = subprocess.run(
                ["git", "--git-dir", str(bare.folder), "archive", commit], stdout=subprocess.PIPE, check=True
            )
            unpacked = target.with_suffix(".unpacking")
            with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
                # Python 3.11 before 3.11.4 knows no filters; the archive is of a commit of our own.
                options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                files.extractall(unpacked, **options)
            unpacked.rename(target)
        return target, commit


def split(uses: str) -> tuple[str, str, str]:
    """`owner/name/path@ref` in its parts."""
    place, _, ref = uses.partition("@")
    owner, name, *path = place.split("/")
    return f"{owner}/{name}", "/".join(path), ref


def _definition(folder: Path, uses: str) -> dict[str, Any]:
    for name in ("action.yml", "action.yaml"):
        if (folder / name).is_file():
            found: dict[str, Any] = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
            return found
    raise WorkflowError(f"{uses}: there is no action.yml")
