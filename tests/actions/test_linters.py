"""What GitHub would refuse, and what is unsafe, in our workflows, actions and templates."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
ACTIONS = sorted(ROOT.glob("actions/*/action.yml"))
FORMS = [path for path in sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")) if path.name != "config.yml"]
ZIZMOR = ("zizmor", "--offline", "--persona", "pedantic", "--quiet")
TEMPLATES = sorted(ROOT.glob("templates/**/.github/workflows/*.yml"))


def clean(*words: str, folder: Path = ROOT) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows of the templates as `init` writes them, in a repository of their own."""
    folder = tmp_path_factory.mktemp("templates")
    values = {"TOOLKIT": "octo/gitops-mlops", "SHA": "0123456789abcdef0123456789abcdef01234567", "VERSION": "0.1.0"}
    for path in TEMPLATES:
        target = folder / ".github/workflows" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(re.sub(r"__([A-Z_]+)__", lambda found: values.get(found[1], "main"), path.read_text()))
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def test_there_is_something_to_look_at() -> None:
    assert len(WORKFLOWS) >= 5
    assert len(ACTIONS) >= 10
    assert len(TEMPLATES) >= 3


def test_actionlint() -> None:
    """With the inputs of our own actions, and shell scripts where a shellcheck is at hand."""
    clean("actionlint")


def test_zizmor() -> None:
    clean(*ZIZMOR, ".github", "actions")


def test_schemas() -> None:
    clean("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))
    clean("check-jsonschema", "--builtin-schema", "vendor.github-actions", *map(str, ACTIONS))
    clean("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    clean("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *map(str, FORMS))
    clean("check-jsonschema", "--builtin-schema", "vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml")


@pytest.mark.parametrize(
    "words",
    [
        ("actionlint",),
        (*ZIZMOR, ".github"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
    ],
    ids=lambda words: words[0],
)
def test_templates(templates: Path, words: tuple[str, ...]) -> None:
    files = sorted(map(str, templates.glob(".github/workflows/*.yml")))
    clean(*words, *(files if words[0] == "check-jsonschema" else []), folder=templates)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            "      - run: echo ${{ github.event.issue.title }}\n",
            ("zizmor", "--offline", "--persona", "pedantic", "-q"),
        ),
        ("      - run: echo ${{ nothing.here }}\n", ("actionlint",)),
        ("      - uses: actions/checkout@v6\n", ("zizmor", "--offline", "--persona", "pedantic", "-q")),
    ],
)
def test_they_would_tell(tmp_path: Path, wrong: str, words: tuple[str, ...]) -> None:
    path = tmp_path / ".github/workflows/a.yml"
    path.parent.mkdir(parents=True)
    path.write_text(f"on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{wrong}")
    with pytest.raises(AssertionError):
        clean(*words, str(path), folder=tmp_path)
