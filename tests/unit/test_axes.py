"""What is one of many of its kind is complete: each message names the file that lacks it."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path

import click
import yaml

from gitops_mlops import bootstrap
from gitops_mlops.bootstrap.review import FORGES
from gitops_mlops.cli.commands import COMMANDS
from gitops_mlops.cli.hooks import hook
from gitops_mlops.cli.scaffold.init import init
from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.doctor.registry import RegistryFacts
from gitops_mlops.domain.doctor.setup import SetupFacts
from gitops_mlops.domain.doctor.state import StateFacts
from gitops_mlops.domain.ports import Forge

ROOT = Path(__file__).parents[2]
HOOKS = {f"mlops-{name}" for name in hook.commands}
TEMPLATES = bootstrap.templates()
# Beside these a project has what `init` fills in, and contracts and tests of its own.
OF_A_TEMPLATE = {
    "README.md",
    "dvc.yaml",
    "mlops.yaml",
    "params.yaml",
    "pipeline/__init__.py",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.txt",
}
# What says of a report which one it is, and how much of a list is shown.
NO_SECTION = {"schema_", "kind", "slices_left_out"}


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def test_every_hook_is_published_explained_and_tried() -> None:
    manifest = {each["id"]: each["entry"] for each in yaml.safe_load(text(".pre-commit-hooks.yaml"))}
    assert manifest == {name: f"gitops-mlops hook {name.removeprefix('mlops-')}" for name in HOOKS}, (
        ".pre-commit-hooks.yaml"
    )
    page = text("docs/hooks.md")
    assert set(re.findall(r"^\| `(mlops-[a-z-]+)` \|", page, re.MULTILINE)) == HOOKS, "the table of docs/hooks.md"
    assert set(re.findall(r"^      - id: (mlops-[a-z-]+)", page, re.MULTILINE)) == HOOKS, (
        "the example of docs/hooks.md"
    )
    said = text("tests/integration/test_hooks.py").partition("SAID = {")[2].partition("\n}\n")[0]
    assert set(re.findall(r'^    "(mlops-[a-z-]+)":', said, re.MULTILINE)) == HOOKS, (
        "SAID of tests/integration/test_hooks.py"
    )


def test_every_command_is_a_row() -> None:
    rows = {(row.module, row.attribute) for row in COMMANDS}
    for path in sorted((ROOT / "gitops_mlops/cli").glob("*/*.py")):
        module = f"{path.parent.name}.{path.stem}"
        found = vars(import_module(f"gitops_mlops.cli.{module}"))
        own = {name: each for name, each in found.items() if isinstance(each, click.Command)}
        inner = {
            id(each) for group in own.values() if isinstance(group, click.Group) for each in group.commands.values()
        }
        for name, command in own.items():
            assert (module, name) in rows or id(command) in inner, f"{name} of {module} in cli/commands.py"


def test_every_fact_of_doctor_is_gathered() -> None:
    gathered = text("gitops_mlops/usecases/doctor/doctor.py")
    for facts in (RegistryFacts, SetupFacts, StateFacts):
        for field in fields(facts):
            if field.default is not MISSING:
                assert f"{field.name}=" in gathered, f"{field.name} in usecases/doctor/doctor.py"


def test_every_template_is_whole_explained_and_tried() -> None:
    (option,) = [each for each in init.params if each.name == "template"]
    tried = text("tests/integration/scaffolded.py").partition("MODELS = {")[2].partition("}")[0]
    for name in TEMPLATES.names():
        assert set(TEMPLATES.template(name)) >= OF_A_TEMPLATE, f"files of templates/{name}"
        assert name in (getattr(option, "help", "") or ""), f"{name} in cli/scaffold/init.py"
        assert f"\n| `{name}` | " in text("docs/start.md"), f"{name} in docs/start.md"
        assert f'"{name}":' in tried, f"{name} in MODELS of tests/integration/scaffolded.py"


def test_every_action_is_tried() -> None:
    """That its page and the overview are current is for tests/actions/test_action_files.py."""
    scenarios = text("tests/actions/test_actions.py")
    for folder in sorted({path.parent for path in (ROOT / "actions").glob("*/*")}):
        for name in ("action.yml", "README.md"):
            assert (folder / name).is_file(), f"actions/{folder.name}/{name}"
        assert f'"{folder.name}"' in scenarios, f"{folder.name} in tests/actions/test_actions.py"


def test_every_part_of_a_report_is_shown_and_tried() -> None:
    shown = "".join(path.read_text("utf-8") for path in (ROOT / "gitops_mlops/reports/comparison").glob("*.py"))
    for name in set(Report.model_fields) - NO_SECTION:
        assert f"report.{name}" in shown, f"{name} in reports/comparison/panels.py"
        for page in ("hostile", "corpus"):
            assert f"{name}=" in text(f"tests/unit/reports/{page}.py"), f"{name} in tests/unit/reports/{page}.py"


def test_every_forge_does_all_that_is_asked_of_one() -> None:
    for variable, make in FORGES.items():
        forge = make("octo/demo")
        for name, asked in inspect.getmembers(Forge, inspect.isfunction):
            if not name.startswith("_"):
                given = inspect.signature(getattr(forge, name, lambda: None)).parameters
                assert list(given) == list(inspect.signature(asked).parameters)[1:], f"{type(forge).__name__}.{name}"
        assert f"`{variable}`" in text("docs/forge.md"), f"{variable} in docs/forge.md"
