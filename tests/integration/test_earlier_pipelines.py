"""A project of before the package exported anything: `init --update` lets it run again, whatever its user edited."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from gitops_mlops import bootstrap
from tests.conftest import Cli, Repo
from tests.integration.scaffolded import TOOLKIT, Project, ShippedTemplates

pytestmark = pytest.mark.usefixtures("preloaded")

TRAIN = "pipeline/train.py"
SAVED = "MODEL.parent.mkdir(parents=True, exist_ok=True)\nMODEL.write_bytes(dump_model(model))\n"
MODULES = ("gitops_mlops.domain.model", "gitops_mlops.domain.comparison.model")


@pytest.fixture(params=MODULES)
def earlier(request: pytest.FixtureRequest, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A new project as an earlier toolkit left it."""
    text = bootstrap.templates().template("classification")[TRAIN].decode()
    old = text.replace("from gitops_mlops import save_model", f"from {request.param} import dump_model")
    old = old.replace("    save_model(model, MODEL)\n", indent(SAVED, "    "))
    assert old.count("dump_model") == 2
    shipped = ShippedTemplates(template={TRAIN: old.encode()})  # type: ignore[arg-type]
    with monkeypatch.context() as before:
        before.setattr("gitops_mlops.bootstrap.scaffold.templates", lambda: shipped)
        answer = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=tmp_path)
    assert answer.code == 0, answer.err
    return Repo(tmp_path / "flights")


def edit(project: Repo, path: str, *edits: tuple[str, str]) -> None:
    text = (project.root / path).read_text("utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    project.write(path, text)


def update(cli: Cli, project: Repo) -> Any:
    return cli("init", "--update", "--toolkit", TOOLKIT, "--yes", "--json", folder=project.root)


def kinds(answer: Any) -> dict[str, str]:
    return {file["path"]: file["kind"] for file in answer.json["files"]}


def test_a_stage_that_nobody_edited_becomes_the_new_one(cli: Cli, earlier: Repo) -> None:
    answer = update(cli, earlier)
    assert (answer.code, kinds(answer), answer.json["notes"]) == (
        0,
        {TRAIN: "changed", ".gitops-mlops.yaml": "changed"},
        [],
    )
    assert (earlier.root / TRAIN).read_bytes() == bootstrap.templates().template("classification")[TRAIN]
    earlier.commit("Update")
    assert kinds(update(cli, earlier)) == {}


def test_edits_beside_what_moved_are_kept_and_contradict_nothing(cli: Cli, earlier: Repo) -> None:
    mine = (
        (
            "from sklearn.compose import ColumnTransformer\n",
            "from sklearn.compose import ColumnTransformer  # mine\n",
        ),
        ("import yaml\n", "import yaml  # mine\n"),
        ("rows[TARGET].to_list())\n", "rows[TARGET].to_list())  # mine\n"),
    )
    edit(earlier, TRAIN, *mine)
    earlier.commit("Mine")
    answer = update(cli, earlier)
    assert (answer.code, answer.json["conflicts"], kinds(answer)[TRAIN]) == (0, [], "merged")
    text = bootstrap.templates().template("classification")[TRAIN].decode()
    for old, new in mine:
        text = text.replace(old, new)
    assert (earlier.root / TRAIN).read_text("utf-8") == text
    earlier.commit("Update")
    assert kinds(update(cli, earlier)) == {}


def test_edits_of_what_moved_itself_are_kept_and_only_the_import_is_new(cli: Cli, earlier: Repo) -> None:
    saved = "    MODEL.write_bytes(dump_model(model))\n"
    mine = "    content = dump_model(model)\n    MODEL.write_bytes(content)\n"
    edit(earlier, TRAIN, (saved, mine))
    earlier.commit("Mine")
    answer = update(cli, earlier)
    assert (answer.code, answer.json["conflicts"], kinds(answer)[TRAIN]) == (0, [], "merged")
    text = (earlier.root / TRAIN).read_text("utf-8")
    assert "from gitops_mlops import dump_model\n" in text
    assert mine in text


def test_files_of_the_user_follow_and_what_stays_private_is_named(cli: Cli, earlier: Repo) -> None:
    (module,) = [module for module in MODULES if module in (earlier.root / TRAIN).read_text("utf-8")]
    earlier.write("pipeline/forest.py", f"from {module} import dump_model  # mine\n")
    earlier.write("pipeline/odd.py", "import os\nfrom gitops_mlops.domain.names import near\n")
    earlier.write("pipeline/broken.py", f"from {module} import dump_model\ndef (\n")
    (earlier.root / "pipeline" / "link.py").symlink_to("/etc/hostname")
    earlier.commit("Mine")
    earlier.write("scratch.py", f"from {module} import dump_model\n")
    answer = update(cli, earlier)
    assert answer.code == 0, answer.err
    assert {path for path, kind in kinds(answer).items() if kind == "changed"} == {
        TRAIN,
        "pipeline/forest.py",
        ".gitops-mlops.yaml",
    }
    assert (earlier.root / "pipeline/forest.py").read_text() == "from gitops_mlops import dump_model  # mine\n"
    (note,) = answer.json["notes"]
    assert note.startswith("pipeline/odd.py:2: gitops_mlops.domain.names is private and may move")


def test_what_is_not_committed_is_not_touched(cli: Cli, earlier: Repo) -> None:
    edit(earlier, TRAIN, ("import yaml\n", "import yaml  # mine\n"))
    before = (earlier.root / TRAIN).read_bytes()
    answer = update(cli, earlier)
    assert (answer.code, f"{TRAIN}: has changes that are not committed" in answer.err) == (2, True)
    assert (earlier.root / TRAIN).read_bytes() == before


@pytest.mark.parametrize("earlier", MODULES[:1], indirect=True)
def test_its_pipeline_says_what_to_do_and_runs_after_it(cli: Cli, earlier: Repo) -> None:
    project = Project(earlier.root)
    said = project.run("gitops-mlops", "repro", code=1)
    assert "gitops_mlops.domain.model is private and moved: run gitops-mlops init --update" in said
    assert update(cli, earlier).code == 0
    earlier.commit("Update")
    said = project.run("gitops-mlops", "repro")
    assert "2 stages ran" in said, said
    assert (earlier.root / "models" / "tumour.skops").stat().st_size
    assert (earlier.root / "metrics" / "tumour.json").is_file()
