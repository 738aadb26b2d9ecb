"""The actions hold no logic: inputs, variables of a command, one line that runs it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from gitops_mlops.cli.app import root
from gitops_mlops.cli.environment import prefix_of, suffix_of
from tests.actions.pages import ACTIONS, NAMES, ROOT, action, overview_page, page

VERBS = [name for name in NAMES if name != "setup"]
# What the forge and git read.
OTHERS = {"GITOPS_MLOPS_SETUP_DEFAULT", "GITHUB_TOKEN"}


def the_step(name: str) -> dict[str, Any]:
    (step,) = action(name)["runs"]["steps"]
    assert isinstance(step, dict)
    return step


def words_of(name: str) -> list[str]:
    found = re.fullmatch(r'bash "\$GITHUB_ACTION_PATH/\.\./setup/run\.sh" ([a-z ]+)', the_step(name)["run"])
    assert found, f"{name} runs something else"
    return found[1].split()


def variables_of(words: list[str]) -> set[str]:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    command = root.get_command(context, words[0])
    for word in words[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert command is not None
    return {f"{prefix_of(*words)}{suffix_of(param)}" for param in command.params}


@pytest.mark.parametrize("name", VERBS)
def test_an_action_is_one_command(name: str) -> None:
    step = the_step(name)
    assert "-".join(words_of(name)) in (name, f"{name}-push")
    given = {key for key in step.get("env", {}) if key not in OTHERS}
    assert given <= variables_of(words_of(name))
    assert step["working-directory"] == "${{ inputs.working-directory }}"


@pytest.mark.parametrize("name", NAMES)
def test_every_input_is_used_and_every_output_set(name: str) -> None:
    said = action(name)
    steps = said["runs"]["steps"]
    used = set(re.findall(r"inputs\.([\w-]+)", str([(step.get("env"), step.get("with"), step) for step in steps])))
    assert used == set(said["inputs"])
    assert all("${{" not in step.get("run", "") for step in steps), "an input in a script is a script"
    ids = {step.get("id") for step in steps}
    for key, one in said["outputs"].items():
        found = re.fullmatch(r"\$\{\{ steps\.([\w-]+)\.outputs\.([\w-]+) \}\}", one["value"])
        assert found
        assert (found[1] in ids, found[2]) == (True, key)
    assert {"name", "description", "author", "branding", "inputs", "outputs", "runs"} == set(said)


@pytest.mark.parametrize("key", ["working-directory", "token", "dry-run", "state", "issues"])
def test_an_input_means_the_same_everywhere(key: str) -> None:
    first, *others = (action(name)["inputs"][key] for name in NAMES if key in action(name)["inputs"])
    assert others
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", NAMES)
def test_its_page_has_the_tables_of_its_file(name: str) -> None:
    assert (ACTIONS / name / "README.md").read_text("utf-8") == page(name), "make docs"


def test_the_overview_has_every_action() -> None:
    assert (ROOT / "docs/actions.md").read_text("utf-8") == overview_page(), "make docs"


@pytest.fixture(scope="module")
def example_workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows of all pages in a repository that has the actions."""
    folder = tmp_path_factory.mktemp("examples")
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    (folder / "actions").symlink_to(ACTIONS)
    for name in NAMES:
        (block,) = re.findall(r"(?s)```yaml\n(.*?)```", (ACTIONS / name / "README.md").read_text("utf-8"))
        # Ours are local here, so that their inputs and outputs are checked too.
        local = re.sub(r"OWNER/gitops-mlops/(actions/[\w-]+)@SHA # v[\d.]+", r"$/\1", block)
        assert "OWNER" not in local
        assert f"$/actions/{name}\n" in local, f"the example of {name} does not use it"
        (workflows / f"{name}.yml").write_text(local)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


FILES = [f".github/workflows/{name}.yml" for name in NAMES]


@pytest.mark.parametrize(
    "words",
    [
        ["actionlint"],
        ["zizmor", "--offline", "--persona", "pedantic", "--quiet", ".github"],
        [
            "check-jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            *(f".github/workflows/{n}.yml" for n in NAMES),
        ],
    ],
    ids=lambda words: words[0],
)
def test_the_examples_are_clean(example_workflows: Path, words: list[str]) -> None:
    done = subprocess.run(words, cwd=example_workflows, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
