from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

import gitops_mlops
from gitops_mlops.domain.scaffold.public_imports import _EARLIER, private_imports, with_public_imports

TEMPLATES = sorted((Path(__file__).parents[4] / "templates").glob("*/pipeline/train.py"))
MODULES = ("gitops_mlops.domain.model", "gitops_mlops.domain.comparison.model")
SAVED = "MODEL.parent.mkdir(parents=True, exist_ok=True)\nMODEL.write_bytes(dump_model(model))\n"


def earlier(text: str, module: str) -> str:
    """A template's stage as it was when the package exported nothing."""
    made = text.replace("from gitops_mlops import save_model", f"from {module} import dump_model")
    return made.replace("    save_model(model, MODEL)\n", indent(SAVED, "    "))


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("path", TEMPLATES, ids=[path.parts[-3] for path in TEMPLATES])
def test_a_stage_of_before_becomes_that_of_today(path: Path, module: str) -> None:
    text = path.read_text("utf-8")
    before = earlier(text, module)
    assert before.count("dump_model") == 2
    assert with_public_imports(before.encode()).decode() == text
    assert with_public_imports(text.encode()).decode() == text


def test_every_earlier_name_is_public_today() -> None:
    for names in _EARLIER.values():
        assert names <= set(gitops_mlops.__all__)


OLD = "from gitops_mlops.domain.model import dump_model"
NEW = "from gitops_mlops import dump_model"
SKOPS = 'MODEL = Path("models/x.skops")\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{OLD}\n", f"{NEW}\n"),
        (f"{OLD}  # as bytes\r\nx = 1\r\n", f"{NEW}  # as bytes\r\nx = 1\r\n"),
        (f"{OLD} as dump\n", f"{NEW} as dump\n"),
        (
            "from gitops_mlops.domain.model import (\n  dump_model,\n)\n",
            "from gitops_mlops import (\n  dump_model,\n)\n",
        ),
        (f"def f():\n\t{OLD}; return 1\n", f"def f():\n\t{NEW}; return 1\n"),
        (f'"""\x0c {OLD}\u2028"""\n{OLD}\n', f'"""\x0c {OLD}\u2028"""\n{NEW}\n'),
        (
            "from gitops_mlops.domain.errors import MissingEvidence, UsageError\n",
            "from gitops_mlops import MissingEvidence, UsageError\n",
        ),
        # What has no public name stays, with all that the line imports.
        ("from gitops_mlops.domain.model import dump_model, load_model\n",) * 2,
        ("import gitops_mlops.domain.model\n",) * 2,
        (f"x = (\n{OLD}\n",) * 2,
        # The two lines become one where nothing else is said of the model, or of where it goes.
        (f"{OLD}\n{SKOPS}{SAVED}", f"from gitops_mlops import save_model\n{SKOPS}save_model(model, MODEL)\n"),
        (
            f"{OLD}\n{SKOPS}{SAVED}print(dump_model)\n",
            f"from gitops_mlops import dump_model, save_model\n{SKOPS}save_model(model, MODEL)\nprint(dump_model)\n",
        ),
        (f"{OLD}\nMODEL = where()\n{SAVED}", f"{NEW}\nMODEL = where()\n{SAVED}"),
        (f"{OLD} as dump_model\n{SKOPS}{SAVED}", f"{NEW} as dump_model\n{SKOPS}{SAVED}"),
    ],
)
def test_only_what_is_known_is_rewritten(before: str, after: str) -> None:
    assert with_public_imports(before.encode()).decode() == after


def test_a_file_of_another_encoding_is_left_alone() -> None:
    content = f"# -*- coding: latin-1 -*-\n# é\n{OLD}\n".encode("latin-1")
    assert with_public_imports(content) == content


def test_what_is_private_is_named_with_its_line() -> None:
    code = (
        "import os, gitops_mlops.cli\nimport gitops_mlops\nfrom gitops_mlops import save_model\n"
        "from .gitops_mlops.x import y\nfrom gitops_mlops.domain import names\n"
    )
    assert list(private_imports(code.encode())) == [(1, "gitops_mlops.cli"), (5, "gitops_mlops.domain")]
    assert list(private_imports(b"x = (")) == []
