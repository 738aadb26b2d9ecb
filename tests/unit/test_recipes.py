"""What CONTRIBUTING tells to do for one more of a kind is enough, and a step that is left out is missed.

Each recipe is followed in a scratch copy of this repository, with a real instance of its kind; then the tests that
the recipe names run there: with all steps, and with all but one, where they say what is missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Recipes\n")[2].partition("\n## ")[0]
# What the named tests read.
COPIED = (
    "gitops_mlops",
    "tests",
    "docs",
    "actions",
    "templates",
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    ".pre-commit-hooks.yaml",
)


# Modules of others are imported once, and ours by each run anew.
SERVER = """
import json, os, runpy, sys
import click, jsonschema, numpy, pydantic, pytest, scipy.special, sklearn.metrics, yaml
for line in sys.stdin:
    said, module, *words = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = [module, *words]
    code = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException as error:
        print(repr(error))
        code = 1
    sys.stdout.flush()
    os._exit(code)
"""


class Scratch:
    """A copy of the repository; what was changed in it is taken back by `restore`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name)
            else:
                shutil.copy2(ROOT / name, root / name)
        self._before: dict[Path, bytes | None] = {}
        self._moment = 2_000_000_000
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        self._before.setdefault(path, path.read_bytes() if path.exists() else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._touch(path)

    def insert(self, name: str, before: str, new: str) -> None:
        text = (self.root / name).read_text("utf-8")
        assert before in text, f"{name} has no {before!r} any more"
        self.write(name, text.replace(before, new + before, 1))

    def run(self, module: str, *words: str) -> tuple[int, str]:
        """Run a module as `python -m` does; its exit code and output."""
        said = self.root / "said.txt"
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([str(said), module, *words]) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline()), said.read_text("utf-8")

    def made(self, name: str, module: str, *words: str) -> None:
        """Write a file that a command prints, unless it fails."""
        code, said = self.run(module, *words)
        if code == 0:
            self.write(name, said)

    def close(self) -> None:
        with self._server:
            assert self._server.stdin is not None
            self._server.stdin.close()

    def restore(self) -> None:
        for path, content in self._before.items():
            if content is None:
                path.unlink()
                for folder in list(path.parents):
                    if folder == self.root or any(each.name != "__pycache__" for each in folder.iterdir()):
                        break
                    shutil.rmtree(folder)
            else:
                path.write_bytes(content)
                self._touch(path)
        self._before.clear()

    def _touch(self, path: Path) -> None:
        # Bytecode is known by a second and a size, which two versions of a file may share.
        self._moment += 1
        os.utime(path, (self._moment, self._moment))


@dataclass(frozen=True)
class Step:
    """A line of a recipe: the file that it names, what is done there, and what the tests say when it was not.

    "" where nothing else can tell of the instance, so that nothing is missing without it. `generated`: by a command.
    """

    file: str
    follow: Callable[[Scratch], None]
    missing: str
    generated: bool = False


@dataclass(frozen=True)
class Recipe:
    """A kind by its heading in CONTRIBUTING, the tests that its recipe names, and its steps."""

    kind: str
    tests: tuple[str, ...]
    steps: tuple[Step, ...]


def put(file: str, before: str, new: str, missing: str) -> Step:
    return Step(file, lambda scratch: scratch.insert(file, before, new), missing)


def inserts(*pieces: tuple[str, str, str]) -> Callable[[Scratch], None]:
    """Several at once: the file, what stands there, and what comes before it."""

    def follow(scratch: Scratch) -> None:
        for file, before, new in pieces:
            scratch.insert(file, before, new)

    return follow


def create(file: str, content: str, missing: str) -> Step:
    return Step(file, lambda scratch: scratch.write(file, content), missing)


def commands_page(missing: str = "run: make docs") -> Step:
    file = "docs/commands.md"
    return Step(file, lambda scratch: scratch.made(file, "gitops_mlops.cli.reference"), missing, generated=True)


def schema(name: str) -> Step:
    file = f"docs/schemas/{name}.json"
    return Step(
        file, lambda scratch: scratch.made(file, "gitops_mlops", "schema", name), f"schema {name} >", generated=True
    )


def an_action(scratch: Scratch) -> None:
    content = (ROOT / "actions/check/action.yml").read_text("utf-8")
    scratch.write("actions/schema/action.yml", content.replace("check", "schema"))


def its_page(scratch: Scratch) -> None:
    content = (ROOT / "actions/check/README.md").read_text("utf-8")
    scratch.write("actions/schema/README.md", content.replace("actions/check@", "actions/schema@"))


def its_line(scratch: Scratch) -> None:
    said = "Check mlops.yaml and everything it names, without running anything"
    scratch.insert("docs/actions.md", "| [`setup`]", f"| [`schema`](../actions/schema/README.md) | {said} |\n")


def a_template(scratch: Scratch) -> None:
    for path in sorted((ROOT / "templates/regression").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(ROOT / "templates/regression")
            scratch.write(f"templates/counts/{name}", path.read_bytes())


def a_target(scratch: Scratch) -> None:
    scratch.write(
        "gitops_mlops/adapters/targets/docker/__init__.py",
        '"""The `docker` target."""\n\n'
        "from gitops_mlops.adapters.targets.process import ProcessTarget\n\n\n"
        "class DockerTarget(ProcessTarget):\n"
        '    """Servers in containers."""\n',
    )


HOOK = '''@_hook("no-todo", "gitops-mlops hook no-todo -- mlops.yaml")
def no_todo(session: Session, files: Files, as_json: bool) -> int:
    """Nothing is left to do. Exit code 1 when something is."""
    return _told([], as_json, VERDICT_AGAINST)


'''
COMMAND = '''"""`gitops-mlops hello`."""

from __future__ import annotations

import click

from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, pass_session


@click.command(epilog="Example: gitops-mlops hello")
@json_option
@pass_session
def hello(session: Session, as_json: bool) -> None:
    """Greet."""
    emit("hello", as_json, str)
'''
CHECK = '''def stars(facts: StateFacts) -> Iterator[CheckFinding]:
    """The night is cloudy."""
    if facts.cloudy:
        yield CheckFinding("sky", "is cloudy", "wait")


'''
PANEL = '''def weather(report: Report) -> Panel | None:
    """The weather when it was compared."""
    return Panel("Weather", "as it was", [[UntrustedText(report.weather)]]) if report.weather else None


'''
FORGE = '''"""A forge of its own."""

from gitops_mlops.adapters.forge.github import GitHub


class Codeberg(GitHub):
    """Codeberg."""
'''
FORGE_ROW = '''def codeberg(repository: str) -> Forge:
    """Codeberg."""
    from gitops_mlops.adapters.forge import ForgeTransport
    from gitops_mlops.adapters.forge.codeberg import Codeberg

    return Codeberg(ForgeTransport("https://codeberg.org", "", timer()), repository, "")


FORGES_OF_OTHERS = {"CI_REPO": codeberg}
'''

AXES, DOCS = "tests/unit/test_axes.py", "tests/unit/test_docs.py"
FOLLOWED = (
    Recipe(
        "A command",
        (f"{AXES}::test_every_command_is_a_row", f"{DOCS}::test_the_reference_is_current"),
        (
            create("gitops_mlops/cli/config/hello.py", COMMAND, "No module named 'gitops_mlops.cli.config.hello'"),
            put(
                "gitops_mlops/cli/commands.py",
                '    CommandEntry("Set up", "hook",',
                '    CommandEntry("Set up", "hello", "config.hello", "hello", "greet"),\n',
                "hello of config.hello in cli/commands.py",
            ),
            commands_page(),
        ),
    ),
    Recipe(
        "An action",
        (
            "tests/actions/test_action_files.py::test_the_overview_has_every_action",
            "tests/actions/test_action_files.py::test_its_page_has_the_tables_of_its_file",
            f"{AXES}::test_every_action_is_tried",
        ),
        (
            Step("actions/schema/action.yml", an_action, "actions/schema/action.yml"),
            Step("actions/schema/README.md", its_page, "actions/schema/README.md"),
            Step("docs/actions.md", its_line, "make docs"),
            put("tests/actions/test_actions.py", 'MLOPS = """', 'TRIED = "schema"\n', "schema in tests/actions"),
        ),
    ),
    Recipe(
        "A metric",
        (
            "tests/unit/test_metrics_page.py",
            "tests/unit/domain/statistics/test_values.py::test_every_metric_has_an_oracle",
        ),
        (
            put(
                "gitops_mlops/domain/config/metrics.py",
                '        Metric("log_loss",',
                '        Metric("hamming_loss", "Hamming loss", _CLASSES, False, _LABELS, _MEAN, usual=False),\n',
                "hamming_loss",
            ),
            put(
                "gitops_mlops/domain/statistics/linear.py",
                '    "log_loss": _log_loss,',
                '    "hamming_loss": lambda _, sample, scores: (sample.truth != scores.predicted).astype(float),\n',
                "hamming_loss",
            ),
            put(
                "docs/metrics.md",
                "| **`log_loss`**",
                "| `hamming_loss` | binary, multiclass | ↓ | labels | mean | share of wrong answers |\n",
                "hamming_loss",
            ),
            put(
                "tests/unit/domain/statistics/oracles.py",
                '    "log_loss":',
                '    "hamming_loss": lambda s, one: sk.hamming_loss(s.truth, one.predicted),\n',
                "hamming_loss",
            ),
        ),
    ),
    Recipe(
        "A rule of gates",
        (
            "tests/unit/domain/comparison/test_gate_rules.py",
            "tests/unit/test_schemas.py::test_the_kept_schema_is_current",
        ),
        (
            put("gitops_mlops/domain/config/values.py", '"non-inferior"]', '"leading", ', "gate_rules.py"),
            put(
                "gitops_mlops/domain/comparison/gate_rules.py",
                '    "non-inferior": ',
                '    "leading": GateRule(lambda _: "ahead", lambda gate, one: gate.margin.of(one), strict=True),\n',
                "RULES of domain/comparison/gate_rules.py",
            ),
            put(
                "docs/configuration.md",
                "or `non-inferior`, against",
                "`leading` ",
                "leading in docs/configuration.md",
            ),
            put(
                "docs/comparison.md",
                "| `rule: non-inf",
                "| `rule: leading` | | | |\n",
                "leading in docs/comparison.md",
            ),
            schema("mlops"),
        ),
    ),
    Recipe(
        "A section of the report",
        (
            f"{AXES}::test_every_part_of_a_report_is_shown_and_tried",
            "tests/unit/test_json_page.py::test_every_key_of_a_file_is_explained",
            "tests/unit/test_schemas.py::test_the_kept_schema_is_current",
        ),
        (
            put(
                "gitops_mlops/domain/comparison/report.py",
                "    environment: dict[",
                '    weather: Text = ""\n',
                "",
            ),
            put(
                "gitops_mlops/reports/comparison/panels.py",
                "PANELS: tuple",
                PANEL,
                "weather in reports/comparison/panels.py",
            ),
            put(
                "tests/unit/reports/hostile.py",
                "        warnings=",
                "        weather=draw(texts),\n",
                "weather in tests/unit/reports/hostile.py",
            ),
            put(
                "tests/unit/reports/corpus.py",
                "        warnings=",
                "        weather=draw.text(),\n",
                "weather in tests/unit/reports/corpus.py",
            ),
            put("docs/json.md", "| `environment` | versions", "| `weather` | the weather |\n", "`report.json`"),
            schema("report"),
            schema("review"),
        ),
    ),
    Recipe(
        "A check of doctor",
        ("tests/unit/domain/doctor/test_doctor.py", f"{AXES}::test_every_fact_of_doctor_is_gathered"),
        (
            Step(
                "gitops_mlops/domain/doctor/state.py",
                inserts(
                    ("gitops_mlops/domain/doctor/state.py", "    proposals: tuple", "    cloudy: bool = False\n"),
                    ("gitops_mlops/domain/doctor/state.py", "def retirements(", CHECK),
                    (
                        "gitops_mlops/domain/doctor/state.py",
                        '    DoctorCheck("retirement-proposed"',
                        '    DoctorCheck("sky-cloudy", Severity.NOTE, stars),\n',
                    ),
                ),
                "cloudy",
            ),
            put(
                "gitops_mlops/usecases/doctor/doctor.py",
                "        unfinished=",
                "        cloudy=False,\n",
                "cloudy in usecases/doctor/doctor.py",
            ),
            put(
                "docs/doctor.md",
                "| `retirement-proposed`",
                "| `sky-cloudy` | note | Clouds. | Wait. |\n",
                "sky-cloudy",
            ),
            put(
                "tests/unit/domain/doctor/test_doctor.py",
                '    "retirement-proposed":',
                '    "sky-cloudy": StateFacts(cloudy=True),\n',
                "sky-cloudy",
            ),
        ),
    ),
    Recipe(
        "A hook",
        (f"{AXES}::test_every_hook_is_published_explained_and_tried", f"{DOCS}::test_the_reference_is_current"),
        (
            put("gitops_mlops/cli/hooks.py", "def _from_root(", HOOK, "mlops-no-todo"),
            put(
                ".pre-commit-hooks.yaml",
                "- id: mlops-no-secrets",
                "- id: mlops-no-todo\n  name: t\n  entry: gitops-mlops hook no-todo\n  language: python\n",
                ".pre-commit-hooks.yaml",
            ),
            Step(
                "docs/hooks.md",
                inserts(
                    ("docs/hooks.md", "| `mlops-no-secrets` |", "| `mlops-no-todo` | todos | 1 |\n"),
                    ("docs/hooks.md", "      - id: mlops-no-secrets", "      - id: mlops-no-todo\n"),
                ),
                "docs/hooks.md",
            ),
            put(
                "tests/integration/test_hooks.py",
                '    "mlops-no-secrets":',
                '    "mlops-no-todo": "todo",\n',
                "SAID of tests/integration",
            ),
            commands_page(),
        ),
    ),
    Recipe(
        "A template",
        (f"{AXES}::test_every_template_is_whole_explained_and_tried", f"{DOCS}::test_the_reference_is_current"),
        (
            Step("templates/counts", a_template, ""),
            put(
                "gitops_mlops/cli/scaffold/init.py",
                "classification, regression or",
                "counts, ",
                "counts in cli/scaffold/init.py",
            ),
            put("docs/start.md", "| `regression` |", "| `counts` | how many | counts |\n", "counts in docs/start.md"),
            put(
                "tests/integration/scaffolded.py",
                '"regression": "prog',
                '"counts": "progression", ',
                "counts in MODELS",
            ),
            commands_page(),
        ),
    ),
    Recipe(
        "A deploy target",
        ("tests/unit/test_targets.py", "tests/unit/test_schemas.py::test_the_kept_schema_is_current"),
        (
            Step("gitops_mlops/adapters/targets/docker/__init__.py", a_target, "gitops_mlops/adapters/targets"),
            put(
                "gitops_mlops/domain/config/values.py",
                '"process"]',
                '"docker", ',
                "TARGETS of bootstrap/deployment.py",
            ),
            put(
                "gitops_mlops/bootstrap/deployment.py",
                '"process": process_target}',
                '"docker": process_target, ',
                "TARGETS of bootstrap/deployment.py",
            ),
            put(
                "docs/configuration.md",
                "`process`: a process of",
                "`docker`: a container; ",
                "docs/configuration.md, environments",
            ),
            schema("mlops"),
        ),
    ),
    Recipe(
        "A forge",
        (f"{AXES}::test_every_forge_does_all_that_is_asked_of_one",),
        (
            create("gitops_mlops/adapters/forge/codeberg.py", FORGE, "gitops_mlops.adapters.forge.codeberg"),
            Step(
                "gitops_mlops/bootstrap/review.py",
                inserts(
                    (
                        "gitops_mlops/bootstrap/review.py",
                        "# The kinds of forges by",
                        FORGE_ROW.partition("FORGES_OF")[0],
                    ),
                    ("gitops_mlops/bootstrap/review.py", '"GITHUB_REPOSITORY": github}', '"CI_REPO": codeberg, '),
                ),
                "",
            ),
            put(
                "docs/forge.md",
                "| `GITHUB_REPOSITORY` |",
                "| `CI_REPO` | where | none |\n",
                "CI_REPO in docs/forge.md",
            ),
        ),
    ),
)
VARIANTS = [
    pytest.param(recipe, left, id=f"{recipe.kind}-{recipe.steps[left].file if left is not None else 'whole'}")
    for recipe in FOLLOWED
    for left in (None, *(index for index, step in enumerate(recipe.steps) if step.missing))
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    made = Scratch(tmp_path_factory.mktemp("copy"))
    yield made
    made.close()


@pytest.fixture
def scratch(copy: Scratch) -> Iterator[Scratch]:
    yield copy
    copy.restore()


@pytest.mark.parametrize(("recipe", "left"), VARIANTS)
def test_a_recipe_is_whole_and_each_step_is_missed(scratch: Scratch, recipe: Recipe, left: int | None) -> None:
    for index, step in enumerate(recipe.steps):
        # To generate what another step is missed by would only cost time.
        if left is None or not (index == left or step.generated):
            step.follow(scratch)
    code, said = scratch.run("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *recipe.tests)
    if left is None:
        assert code == 0, said
    else:
        assert code != 0, said
        assert recipe.steps[left].missing in said, said


@pytest.mark.parametrize("recipe", FOLLOWED, ids=lambda recipe: recipe.kind)
def test_contributing_names_every_file_in_order_and_the_tests(recipe: Recipe) -> None:
    text = RECIPES.partition(f"### {recipe.kind}\n")[2].partition("\n### ")[0]
    assert text, f"no recipe for: {recipe.kind}"
    named = [_generic(step.file) for step in recipe.steps]
    places = [text.find(f"`{name}`") for name in named]
    assert -1 not in places, [name for name, place in zip(named, places, strict=True) if place < 0]
    assert places == sorted(places)
    for test in recipe.tests:
        assert test.partition("::")[0] in text, test


def test_every_recipe_of_contributing_is_followed() -> None:
    assert re.findall(r"^### (.*)$", RECIPES, re.MULTILINE) == [recipe.kind for recipe in FOLLOWED]


def _generic(file: str) -> str:
    """A file of the instance as the recipe names it for all of its kind."""
    for own, name in (
        ("gitops_mlops/", ""),
        ("cli/config/hello.py", "cli/<capability>/<group>.py"),
        ("actions/schema", "actions/<verb>"),
        ("targets/docker", "targets/<name>"),
        ("forge/codeberg.py", "forge/<name>.py"),
        ("templates/counts", "templates/<name>"),
    ):
        file = file.replace(own, name)
    return file
