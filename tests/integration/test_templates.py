"""Every template's project works as it comes out: pipeline, tests, hooks, linters, and the toolkit's own verbs."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from gitops_mlops.adapters.scratch import free_ports
from tests.integration.scaffolded import MODELS, ROOT, SHA, Project, trained


@pytest.fixture(scope="module", params=sorted(MODELS))
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return trained(tmp_path_factory.mktemp("scaffold"), str(request.param))


def model(project: Project) -> str:
    return MODELS[project.root.name]


def test_nothing_is_left_to_fill_in_or_to_commit(project: Project) -> None:
    for path in project.run("git", "ls-files").splitlines():
        text = (project.root / path).read_text("utf-8")
        assert not re.search(r"__[A-Z]+__", text), path
    assert project.run("git", "status", "--porcelain") == ""


def test_every_reference_to_the_toolkit_is_pinned(project: Project) -> None:
    for path in (project.root / ".github" / "workflows").iterdir():
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


def test_a_second_run_has_nothing_to_do(project: Project) -> None:
    assert "up to date" in project.run("dvc", "repro")


def test_a_second_training_gives_the_same_bytes(project: Project) -> None:
    before = (project.root / "dvc.lock").read_bytes()
    project.run("dvc", "repro", "--force", "--single-item", "--no-run-cache", "--quiet", "train")
    assert (project.root / "dvc.lock").read_bytes() == before


def test_its_own_tests_pass(project: Project) -> None:
    assert " passed" in project.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_its_hooks_pass(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # What a clone would install is this very environment, so that no package is fetched.
    manifest = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    (repository,) = yaml.safe_load((project.root / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
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
    said = project.run("prek", "run", "--all-files", "--config", str(config))
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
def test_linters_find_nothing(project: Project, line: str) -> None:
    project.run(*line.split())


def test_workflows_keep_the_schema(project: Project) -> None:
    paths = sorted(str(path) for path in (project.root / ".github" / "workflows").iterdir())
    project.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *paths)


def test_the_first_pull_request_is_green_in_a_fresh_clone(project: Project, tmp_path: Path) -> None:
    clone = Project(tmp_path / "clone")
    project.run("git", "clone", "--quiet", ".", str(clone.root))
    clone.run("dvc", "pull", "--quiet")
    assert "first version, passes its gates" in clone.run("gitops-mlops", "review", "--base", "origin/main")


def test_the_toolkits_verbs_work_to_the_end(project: Project, tmp_path: Path) -> None:
    used = project.copy(tmp_path / project.root.name)
    ports = iter(free_ports(2))
    config = used.root / "mlops.yaml"
    config.write_text(re.sub(r"port: \d+", lambda _: f"port: {next(ports)}", config.read_text("utf-8")))
    used.run("git", "commit", "--quiet", "--all", "--message", "Ports that are free")
    used.run("gitops-mlops", "check")
    used.run("gitops-mlops", "validate")
    used.run("gitops-mlops", "compare", model(used))
    used.run("gitops-mlops", "register", model(used), "--report", "report.json")
    try:
        for stage in ("staging", "production"):
            used.run("gitops-mlops", "promote", model(used), stage)
            used.run("gitops-mlops", "deploy", stage)
        assert "v0.0.1" in used.run("gitops-mlops", "status")
        the_change_of_its_readme_passes(used)
    finally:
        used.run("gitops-mlops", "deploy", "--stop", "staging", "production", code=None)


def the_change_of_its_readme_passes(project: Project) -> None:
    setting = re.search(r"EDITOR params.yaml +# (\w+): true", (project.root / "README.md").read_text("utf-8"))
    assert setting
    params = project.root / "params.yaml"
    text = params.read_text("utf-8")
    assert f"{setting[1]}: false" in text
    params.write_text(text.replace(f"{setting[1]}: false", f"{setting[1]}: true"))
    project.run("dvc", "repro", "--quiet")
    assert "v0.0.1" in project.run("gitops-mlops", "compare", model(project))
