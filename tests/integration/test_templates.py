"""Every template's project works as it comes out: pipeline, tests, hooks, linters, and the toolkit's own verbs."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Cli
from tests.integration.scaffolded import MODELS, ROOT, SHA, Project, trained
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("preloaded")


@pytest.fixture(scope="module", params=sorted(MODELS))
def template_project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project of each template, trained."""
    return trained(tmp_path_factory.mktemp("scaffold"), str(request.param))


def model(project: Project) -> str:
    return MODELS[project.root.name]


def test_nothing_is_left_to_fill_in_or_to_commit(template_project: Project) -> None:
    for path in template_project.run("git", "ls-files").splitlines():
        text = (template_project.root / path).read_text("utf-8")
        assert not re.search(r"__[A-Z]+__", text), path
    assert template_project.run("git", "status", "--porcelain") == ""


def test_every_reference_to_the_toolkit_is_pinned(template_project: Project) -> None:
    for path in (template_project.root / ".github" / "workflows").iterdir():
        uses = re.findall(r"uses: (.*)", path.read_text("utf-8"))
        assert uses
        for reference in uses:
            assert re.fullmatch(
                rf"octo/gitops-mlops/\.github/workflows/[a-z-]+\.yml@{SHA} # v\d+\.\d+\.\d+", reference
            )


def test_every_call_fits_the_workflow_that_it_calls() -> None:
    for path in (ROOT / "templates" / "toolkit" / ".github" / "workflows").iterdir():
        caller = yaml.safe_load(path.read_text("utf-8"))
        for job in caller["jobs"].values():
            called = re.search(r"/(\.github/workflows/[a-z-]+\.yml)@", job["uses"])
            assert called, path
            workflow = yaml.safe_load((ROOT / called[1]).read_text("utf-8"))
            # YAML 1.1 reads `on` as true.
            takes = workflow[True]["workflow_call"]
            inputs = takes.get("inputs", {})
            given = job.get("with", {}).keys()
            assert given <= inputs.keys()
            assert {name for name, about in inputs.items() if about.get("required")} <= given
            assert job.get("secrets", {}).keys() <= takes.get("secrets", {}).keys()
            for inner in workflow["jobs"].values():
                for scope, level in inner.get("permissions", {}).items():
                    assert job["permissions"].get(scope) in {level, "write"}, f"{path.name}: {scope}"


def test_a_second_run_has_nothing_to_do(template_project: Project) -> None:
    assert "up to date" in template_project.run("dvc", "repro")


def test_a_second_training_gives_the_same_bytes(template_project: Project) -> None:
    before = (template_project.root / "dvc.lock").read_bytes()
    template_project.run("dvc", "repro", "--force", "--single-item", "--no-run-cache", "--quiet", "train")
    assert (template_project.root / "dvc.lock").read_bytes() == before


def test_its_own_tests_pass(template_project: Project) -> None:
    assert " passed" in template_project.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_its_hooks_pass(template_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # What a clone would install is this very environment, so that no package is fetched.
    manifest = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    (repository,) = yaml.safe_load((template_project.root / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "https://github.com/octo/gitops-mlops"
    assert repository["rev"] == SHA
    program = shlex.join([sys.executable, "-m", "gitops_mlops"])
    hooks = []
    for hook in repository["hooks"]:
        local = {**manifest[hook["id"]], **hook, "language": "system"}
        local.pop("additional_dependencies", None)
        hooks.append({**local, "entry": local["entry"].replace("gitops-mlops", program, 1)})
    assert len(hooks) == len(manifest)
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    said = template_project.run("prek", "run", "--all-files", "--config", str(config))
    assert said.count("Passed") == len(hooks)


@pytest.mark.parametrize(
    "line",
    [
        "ruff check --no-cache .",
        "ruff format --check --no-cache .",
        "actionlint",
        "zizmor --offline --pedantic .",
        "check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml",
    ],
)
def test_linters_find_nothing(template_project: Project, line: str) -> None:
    template_project.run(*line.split())


def test_workflows_keep_the_schema(template_project: Project) -> None:
    paths = sorted(str(path) for path in (template_project.root / ".github" / "workflows").iterdir())
    template_project.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *paths)


def test_the_first_pull_request_is_green_in_a_fresh_clone(
    template_project: Project, tmp_path: Path, cli: Cli
) -> None:
    clone = Project(tmp_path / "clone")
    template_project.run("git", "clone", "--quiet", ".", str(clone.root))
    clone.run("dvc", "pull", "--quiet")
    answer = cli("review", "--base", "origin/main", folder=clone.root)
    assert answer.code == 0, answer.out + answer.err
    assert "first version, passes its gates" in answer.out


def test_the_model_goes_to_production_and_the_change_of_the_readme_passes(
    template_project: Project, tmp_path: Path, cli: Cli
) -> None:
    used = template_project.copy(tmp_path / template_project.root.name)

    def succeeds(*words: str) -> str:
        answer = cli(*words, folder=used.root)
        assert answer.code == 0, f"{words}: {answer.out}{answer.err}"
        return answer.out

    ports = iter(free_ports(2))
    edit(used.root / "mlops.yaml", r"port: \d+", lambda _: f"port: {next(ports)}")
    used.run("git", "commit", "--quiet", "--all", "--message", "Ports that are free")
    used.run("git", "switch", "--quiet", "main")
    used.run("git", "merge", "--quiet", "--ff-only", "first-model")
    succeeds("compare", model(used))
    succeeds("register", model(used), "--report", "report.json")
    succeeds("promote", model(used), "staging")
    succeeds("promote", model(used), "production")
    try:
        assert "v0.0.1" in succeeds("deploy", "production")
    finally:
        cli("deploy", "--stop", "production", folder=used.root)
    setting = re.search(r"EDITOR params.yaml +# (\w+): true", (used.root / "README.md").read_text("utf-8"))
    assert setting
    edit(used.root / "params.yaml", f"{setting[1]}: false", lambda _: f"{setting[1]}: true")
    used.run("dvc", "repro", "--quiet")
    assert "v0.0.1" in succeeds("compare", model(used))


def edit(path: Path, pattern: str, new: Callable[[re.Match[str]], str]) -> None:
    """Replace what must be there."""
    text, count = re.subn(pattern, new, path.read_text("utf-8"))
    assert count
    path.write_text(text, "utf-8")
