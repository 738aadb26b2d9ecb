"""What pipelines may import is listed, typed, documented and light; what users copy of ours imports nothing else."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gitops_mlops
from tests.unit.test_startup import HEAVY

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api.md"
PAGE = API.read_text("utf-8")
NAMES = sorted(set(gitops_mlops.__all__) - {"__version__"})
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(gitops_mlops, name))]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = [*sorted((ROOT / "pipeline").glob("*.py")), *sorted((ROOT / "templates").rglob("*.py"))]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "templates").rglob("*.md")),
]


def imports(code: str) -> Iterator[tuple[str, str]]:
    """The module and the name of each import of ours; "*" for a module as a whole."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gitops_mlops":
            yield from ((node.module or "", name.name) for name in node.names)
        elif isinstance(node, ast.Import):
            yield from ((name.name, "*") for name in node.names if name.name.partition(".")[0] == "gitops_mlops")


def sources() -> Iterator[tuple[str, str]]:
    for path in COPIED:
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")
    for page in PAGES:
        for number, code in enumerate(PYTHON.findall(page.read_text("utf-8"))):
            yield f"{page.relative_to(ROOT)}, snippet {number}", code


def test_what_users_copy_imports_public_names_only() -> None:
    found = {(place, *one) for place, code in sources() for one in imports(code)}
    assert {place for place, _, _ in found} > {"pipeline/train.py", "templates/classification/pipeline/train.py"}
    wrong = {one for one in found if one[1] != "gitops_mlops" or one[2] not in {*gitops_mlops.__all__, "*"}}
    assert not wrong


def test_each_name_is_there_typed_and_listed_once() -> None:
    tree = ast.parse(Path(gitops_mlops.__file__).read_text("utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    homes = {
        (node.module, name.name) for node in typed.body if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert homes == {(f"gitops_mlops.{home}", name) for home, names in gitops_mlops._HOMES.items() for name in names}
    assert sorted(name for _, name in homes) == NAMES
    assert set(NAMES) <= set(dir(gitops_mlops))
    for name in NAMES:
        assert getattr(gitops_mlops, name).__name__ == name


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gitops_mlops' has no attribute 'nonsense'"):
        gitops_mlops.nonsense  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_each_name_explains_itself(name: str) -> None:
    thing = getattr(gitops_mlops, name)
    text = inspect.getdoc(thing) or ""
    assert text.strip().partition("\n")[0].endswith((".", "`.", "`:"))
    if name in FUNCTIONS:
        assert "Raises" in text or name == "dump_model", f"{name} does not say what it raises"
        for parameter in inspect.signature(thing).parameters:
            assert re.search(rf"\b{parameter}\b", text) or len(inspect.signature(thing).parameters) == 1, parameter


def test_the_page_promises_these_names_and_no_others() -> None:
    table = PAGE.partition("| name | to |")[2].partition("\n\n")[0]
    first_cells = "".join(row.split(" | ")[0] for row in table.splitlines())
    assert sorted(re.findall(r"`(\w+)`", first_cells)) == NAMES
    assert sorted(name for _, name in imports(PYTHON.findall(PAGE)[0])) == NAMES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_page_has_each_signature(name: str) -> None:
    section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    shown = re.sub(r"\s+", " ", PYTHON.findall(section)[0]).replace("( ", "(").replace(", )", ")")
    signature = (
        str(inspect.signature(getattr(gitops_mlops, name))).replace("'params.yaml'", "PARAMS").replace("'", "")
    )
    assert shown.strip() == f"def {name}{signature}: ...".replace("PARAMS", "'params.yaml'")


def test_the_examples_of_the_page_run(tmp_path: Path) -> None:
    snippets = [code for code in PYTHON.findall(PAGE) if not code.startswith("def ") or "raise" in code]
    assert len(snippets) > 6
    code = "import warnings\nwarnings.simplefilter('error')\n" + "\n".join(snippets)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "data/raw.csv: there is no such file → dvc repro\n"


@pytest.mark.parametrize(
    ("names", "light"),
    [
        ("", {"click", "pydantic", "yaml"}),
        ("MlopsError, MissingEvidence, ConfigError", {"pydantic", "yaml"}),
        ("read_params, read_contract, write_scores, Contract", set()),
    ],
)
def test_a_name_imports_no_more_than_it_needs(names: str, light: set[str]) -> None:
    code = f"import sys, gitops_mlops\n{names and f'from gitops_mlops import {names}'}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not {module.partition(".")[0] for module in modules} & (HEAVY | light)
    if not names:
        assert {module for module in modules if module.startswith("gitops_mlops")} == {"gitops_mlops"}


@pytest.mark.slow
def test_what_users_copy_is_strictly_typed(tmp_path: Path) -> None:
    """The templates' pipelines and the page's examples, as a user's own mypy sees them."""
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = true\nfollow_imports = silent\ncache_dir = cache\n"
        "[mypy-sklearn.*,skops.*,threadpoolctl.*]\nignore_missing_imports = true\n"
    )
    for template in sorted((ROOT / "templates").glob("*/pipeline")):
        shutil.copytree(template, tmp_path / template.parent.name / "pipeline")
    snippets = [code for code in PYTHON.findall(PAGE) if not code.startswith("def ") or "raise" in code]
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "page.py").write_text("\n".join(snippets))
    (tmp_path / "misspelled").mkdir()
    (tmp_path / "misspelled" / "pipeline.py").write_text("from gitops_mlops import sav_model\n")
    for folder in sorted(path for path in tmp_path.iterdir() if path.is_dir()):
        what = {"page": "page.py", "misspelled": "pipeline.py"}.get(folder.name, "pipeline")
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--config-file", "../mypy.ini", "--cache-dir", "../cache", what],
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "sav_model" in done.stdout) == (int(what == "pipeline.py"),) * 2, done.stdout
