"""`init`: new projects, the toolkit in repositories that exist, and updates of both."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_mlops import bootstrap
from gitops_mlops.adapters.git import scaffold_history
from gitops_mlops.domain.errors import ExternalError, UsageError
from gitops_mlops.domain.scaffold.plan import parse_toolkit
from tests.conftest import Cli, Repo
from tests.integration.scaffolded import SHA, TOOLKIT, ShippedTemplates

pytestmark = pytest.mark.usefixtures("preloaded")

LATER = f"octo/gitops-mlops@{'f' * 40}"
PULL_REQUEST = ".github/workflows/mlops-pull-request.yml"
ROWS = "id,size,label\n" + "".join(f"row-{i},{i * 1.5},{'big' if i > 20 else 'small'}\n" for i in range(1, 41))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the toolkit ship other files from now on."""

    def ship(**parts: dict[str, bytes | None]) -> None:
        shipped = ShippedTemplates(**parts)  # type: ignore[arg-type]
        monkeypatch.setattr(bootstrap, "templates", lambda: shipped)

    return ship


@pytest.fixture
def new_project(cli: Cli, tmp_path: Path) -> Repo:
    """A new project, as init leaves it."""
    made = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=tmp_path)
    assert made.code == 0, made.err
    return Repo(tmp_path / "flights")


def kinds(out: str) -> dict[str, str]:
    return {file["path"]: file["kind"] for file in json.loads(out)["files"]}


def update(cli: Cli, project: Repo, toolkit: str = TOOLKIT) -> Any:
    return cli("init", "--update", "--toolkit", toolkit, "--yes", "--json", folder=project.root)


# New projects


def test_a_new_project_is_committed_and_says_what_to_type(cli: Cli, tmp_path: Path) -> None:
    said = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=tmp_path)
    repo = Repo(tmp_path / "flights")
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("log", "--format=%s") == "Start from the classification template of gitops-mlops 0.1.0\n"
    assert repo.git("branch", "--show-current") == "main\n"
    assert repo.git("config", "merge.dvc-lock.driver").startswith("gitops-mlops lock merge")
    assert "cd flights && dvc remote add --default" in said.out
    assert len(list(tmp_path.iterdir())) == 1


def test_the_dvc_remote_and_the_branch_can_be_given(cli: Cli, tmp_path: Path) -> None:
    words = ("--toolkit", TOOLKIT, "--dvc-remote", "s3://bucket/flights", "--branch", "trunk", "--json")
    said = cli("init", "flights", "--template", "classification", *words, folder=tmp_path)
    repo = Repo(tmp_path / "flights")
    assert "s3://bucket/flights" in repo.run("dvc", "remote", "list")
    assert repo.git("branch", "--show-current") == "trunk\n"
    assert 'branches: ["trunk"]' in (repo.root / ".github/workflows/mlops-release.yml").read_text()
    assert "dvc[s3]>=" in (repo.root / "requirements.txt").read_text()
    # With init itself six commands up to a pull request.
    assert [step.split(" && ")[0] for step in said.json["next_steps"]] == [
        "cd flights",
        "git switch --create first-model",
        "pip install -r requirements.txt",
        "git add --all",
        "gh pr create --fill",
    ]


def test_an_empty_folder_that_somebody_stands_in_is_filled(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "flights"
    folder.mkdir()
    before = folder.stat().st_ino
    assert cli("init", ".", "--template", "classification", "--toolkit", TOOLKIT, folder=folder).code == 0
    assert folder.stat().st_ino == before
    assert (folder / "mlops.yaml").is_file()


def test_without_an_identity_nothing_is_committed_and_that_is_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n useConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    said = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=tmp_path)
    assert said.code == 0
    assert "git config user.email" in said.out
    assert 'git commit --message "Start"' in said.out


def test_a_failure_leaves_no_folder(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    # Git refuses a commit with a template that is not there.
    (tmp_path / "config").write_text(
        "[user]\n name = A\n email = a@b.c\n[commit]\n gpgSign = true\n[gpg]\n program = no\n"
    )
    said = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=tmp_path)
    assert said.code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["flights"], "init FOLDER --template: classification, forecasting, regression"),
        (["--template", "classification"], "a new project takes a folder and a template"),
        (["flights", "--template", "clasification"], "perhaps you meant 'classification'"),
        (["fli ghts", "--template", "classification"], "'fli ghts': is not a name for a project"),
        (["-x", "--template", "classification"], "No such option"),
        (["full", "--template", "classification"], "is not an empty folder"),
        (["no/where", "--template", "classification"], "there is no such folder"),
        (["flights", "--template", "../toolkit"], "there is no template '../toolkit'"),
        (["flights", "--template", "classification", "--branch", "a b"], "is not a branch that a workflow can name"),
        (["flights", "--template", "classification", "--branch", "a]\n  x: [b"], "is not a branch"),
        (
            ["flights", "--template", "classification", "--dvc-remote", "s3://a\n[x]"],
            "is not the address of a DVC remote",
        ),
        (["flights", "--template", "classification", "--dvc-remote", "https://u:p@x.org"], "credentials go into"),
        (["flights", "--template", "classification", "--toolkit", "octo/gitops-mlops@v1"], "--toolkit OWNER/"),
        (["flights", "--template", "classification", "--toolkit", f"a/b;c@{SHA}"], "does not name a commit"),
        (["flights", "--template", "classification", "--model", "x"], "--model: does not go with FOLDER"),
        (["flights", "--template", "classification", "--update"], "a new project takes a folder and a template"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(cli: Cli, tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    toolkit = [] if "--toolkit" in words else ["--toolkit", TOOLKIT]
    answer = cli("init", *words, *toolkit, folder=tmp_path)
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_project_inside_of_a_repository_is_refused(cli: Cli, repo: Repo) -> None:
    said = cli("init", "flights", "--template", "classification", "--toolkit", TOOLKIT, folder=repo.root)
    assert (said.code, "is in a git repository" in said.err) == (2, True)


# Where the toolkit comes from


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://github.com/octo/gitops-mlops", True),
        ("https://github.com/octo/gitops-mlops.git", True),
        ("ssh://git@github.com/octo/gitops-mlops.git", True),
        ("https://example.org/octo/gitops-mlops", False),
        ("https://example.org/https://github.com/octo/gitops-mlops", False),
    ],
)
def test_pip_recorded_what_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, known: bool
) -> None:
    info = tmp_path / "gitops_mlops-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: gitops-mlops\nVersion: 0.1.0\n")
    (info / "direct_url.json").write_text(json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": SHA}}))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(scaffold_history, "_CHECKOUT", tmp_path)
    if known:
        assert bootstrap.toolkit_reference("") == parse_toolkit(TOOLKIT, "0.1.0")
    else:
        with pytest.raises(UsageError, match="the origin of this installation is unknown"):
            bootstrap.toolkit_reference("")


def test_a_published_package_says_it_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make dist` puts the file in; nothing else of the machine is asked."""
    (tmp_path / "published.txt").write_text(f"{TOOLKIT}\n")
    monkeypatch.setattr(scaffold_history, "_PUBLISHED", tmp_path / "published.txt")
    assert bootstrap.toolkit_reference("") == parse_toolkit(TOOLKIT, "0.1.0")


def test_a_checkout_knows_its_remote_and_commit(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit("A toolkit")
    repo.git("remote", "add", "origin", "git@github.com:octo/gitops-mlops.git")
    monkeypatch.setattr(scaffold_history, "_CHECKOUT", repo.root)
    assert bootstrap.toolkit_reference("").commit == repo.git("rev-parse", "HEAD").strip()


# Updates


def test_an_update_to_the_same_version_has_nothing_to_do(cli: Cli, new_project: Repo) -> None:
    answer = update(cli, new_project)
    assert (answer.code, kinds(answer.out)) == (0, {})
    assert new_project.git("status", "--porcelain") == ""


def test_pins_move_in_files_that_nobody_edited(cli: Cli, new_project: Repo) -> None:
    answer = update(cli, new_project, LATER)
    assert answer.code == 0
    assert set(kinds(answer.out).values()) == {"changed"}
    assert SHA not in new_project.git("grep", "-h", "octo/gitops-mlops")
    assert f"@{'f' * 40} # v0.1.0" in (new_project.root / PULL_REQUEST).read_text()


def test_a_bot_that_moved_the_pins_is_no_conflict(cli: Cli, new_project: Repo) -> None:
    for path in (PULL_REQUEST, ".pre-commit-config.yaml"):
        file = new_project.root / path
        file.write_text(file.read_text().replace(f"{SHA} # v0.1.0", f"{'e' * 40} # v0.0.9"))
    new_project.commit("Bump")
    answer = update(cli, new_project, LATER)
    assert (answer.code, answer.json["conflicts"]) == (0, [])
    for path in (PULL_REQUEST, ".pre-commit-config.yaml"):
        assert "e" * 40 not in (new_project.root / path).read_text()


def test_edits_are_kept_and_changes_taken_in_twice_in_a_row(cli: Cli, new_project: Repo, later: Any) -> None:
    shipped = bootstrap.templates().template("classification")["params.yaml"]
    edited = (new_project.root / "params.yaml").read_text().replace("test-percent: 40", "test-percent: 30")
    new_project.commit("Test on fewer", **{"params.yaml": edited})
    first = shipped.replace(b"seed: 0", b"seed: 1")
    later(template={"params.yaml": first})
    answer = update(cli, new_project)
    assert (answer.code, kinds(answer.out)["params.yaml"]) == (0, "merged")
    text = (new_project.root / "params.yaml").read_text()
    assert "test-percent: 30" in text
    assert "seed: 1" in text
    new_project.commit("Update")
    # What the first update shipped stands in no commit, and still is the base of the second.
    later(template={"params.yaml": first.replace(b"seed: 1", b"seed: 2")})
    answer = update(cli, new_project)
    assert (answer.code, kinds(answer.out)["params.yaml"]) == (0, "merged")
    text = (new_project.root / "params.yaml").read_text()
    assert "test-percent: 30" in text
    assert "seed: 2" in text


def test_what_both_changed_stands_between_marks(cli: Cli, new_project: Repo, later: Any) -> None:
    shipped = bootstrap.templates().template("classification")["params.yaml"]
    edited = (new_project.root / "params.yaml").read_text().replace("seed: 0", "seed: 7")
    new_project.commit("Another seed", **{"params.yaml": edited})
    later(template={"params.yaml": shipped.replace(b"seed: 0", b"seed: 1")})
    answer = update(cli, new_project)
    assert (answer.code, answer.json["conflicts"]) == (1, ["params.yaml"])
    text = (new_project.root / "params.yaml").read_text()
    assert "<<<<<<< yours\n  seed: 7\n=======\n  seed: 1\n>>>>>>> toolkit\n" in text


def test_deleted_files_stay_deleted_and_new_ones_come(cli: Cli, new_project: Repo, later: Any) -> None:
    new_project.git("rm", "--quiet", ".github/dependabot.yml")
    new_project.write("mine.txt", "mine")
    new_project.commit("No bot")
    shipped = bootstrap.templates().toolkit()[".github/dependabot.yml"]
    later(
        toolkit={".github/dependabot.yml": shipped + b"# more\n", "new.txt": b"new\n", "mine.txt": b"theirs"},
        template={"requirements-dev.txt": None, "params.yaml": None},
    )
    new_project.write("params.yaml", "mine: true\n")
    new_project.commit("My own parameters")
    answer = update(cli, new_project)
    assert answer.code == 0
    assert {"new.txt": "added", "requirements-dev.txt": "removed"}.items() <= kinds(answer.out).items()
    assert not (new_project.root / ".github/dependabot.yml").exists()
    assert (new_project.root / "mine.txt").read_text() == "mine"
    assert (new_project.root / "params.yaml").read_text() == "mine: true\n"
    assert [note.split(":")[0] for note in answer.json["notes"]] == ["mine.txt", "params.yaml"]
    new_project.commit("Update")
    assert kinds(update(cli, new_project).out) == {}


def test_what_is_not_committed_is_not_touched(cli: Cli, new_project: Repo) -> None:
    (new_project.root / PULL_REQUEST).write_text("mine")
    answer = update(cli, new_project, LATER)
    assert answer.code == 2
    assert f"{PULL_REQUEST}: has changes that are not committed" in answer.err
    assert (new_project.root / PULL_REQUEST).read_text() == "mine"


def test_an_update_that_fails_half_way_takes_everything_back(cli: Cli, new_project: Repo) -> None:
    workflows = new_project.root / ".github" / "workflows"
    files = bootstrap.files(new_project.root)
    contents: dict[str, bytes | None] = {"README.md": b"x", PULL_REQUEST: None, "mlops.yaml/below": b"y"}
    with pytest.raises(ExternalError):
        files.write_all(contents)
    assert new_project.git("status", "--porcelain") == ""
    assert len(list(workflows.iterdir())) == 4


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("version: 1\n", "project: this key is missing"),
        ("[", "not YAML"),
        ("version: 1\nproject: p\nbranch: b\nfiles: {../x: FULL}\ntoolkit: TOOLKIT\n", "leaves the repository"),
        ("version: 1\nproject: p\nbranch: b\nfiles: {x: --help}\ntoolkit: TOOLKIT\n", "files.x"),
        ("version: 1\nproject: p\nbranch: 'b; c'\ntoolkit: TOOLKIT\n", "is not a branch"),
        ("version: 1\ntemplate: nonsense\nproject: p\nbranch: b\ntoolkit: TOOLKIT\n", "no template 'nonsense'"),
    ],
)
def test_a_record_that_is_damaged_or_hostile_is_told(cli: Cli, new_project: Repo, record: str, said: str) -> None:
    toolkit = f"{{repository: octo/gitops-mlops, commit: {SHA}, version: 0.1.0}}"
    text = record.replace("TOOLKIT", toolkit).replace("FULL", SHA)
    new_project.commit("Damage", **{".gitops-mlops.yaml": text})
    answer = update(cli, new_project)
    assert (answer.code, said in answer.err) == (2, True), answer.err
    assert new_project.git("status", "--porcelain") == ""


def test_update_says_what_does_not_go_with_it(cli: Cli, new_project: Repo) -> None:
    answer = cli("init", "--update", "--target", "x", "--toolkit", TOOLKIT, folder=new_project.root)
    assert (answer.code, "--target: does not go with --update" in answer.err) == (2, True)


# Repositories that exist


def adopt(cli: Cli, repo: Repo, *words: str) -> Any:
    return cli("init", "--toolkit", TOOLKIT, "--yes", "--json", *words, folder=repo.root)


@pytest.fixture
def existing(repo: Repo) -> Repo:
    """A DVC repository with a model, data in git, hooks and patterns of its own."""
    repo.write(".dvc/config", "")
    repo.write("dvc.yaml", "artifacts:\n  size: {path: models/size.skops, type: model}\n")
    repo.write("data/test.csv", ROWS)
    repo.write("data/train.csv", ROWS)
    repo.write(
        ".pre-commit-config.yaml",
        "# ours\nminimum_pre_commit_version: '4.0'\nrepos:\n    # the formatter\n    - repo: https://example.org/x\n"
        "      rev: v1 # pinned\n      hooks: [{id: x}]\n",
    )
    repo.write(".gitignore", "/secret\n__pycache__/")
    repo.commit("A project")
    return repo


def test_a_dvc_repository_gets_what_it_lacks_and_loses_nothing(cli: Cli, existing: Repo) -> None:
    before = {path: (existing.root / path).read_text() for path in (".pre-commit-config.yaml", ".gitignore")}
    answer = adopt(cli, existing, "--positive", "big", "--target", "label")
    assert answer.code == 0, answer.err
    hooks = (existing.root / ".pre-commit-config.yaml").read_text()
    assert [one["repo"] for one in yaml.safe_load(hooks)["repos"]] == [
        "https://github.com/octo/gitops-mlops",
        "https://example.org/x",
    ]
    # Every line that was there is there, in its order, and the comment still heads its repository.
    assert [line for line in hooks.splitlines() if line in before[".pre-commit-config.yaml"].splitlines()] == before[
        ".pre-commit-config.yaml"
    ].splitlines()
    ignored = (existing.root / ".gitignore").read_text()
    assert ignored.startswith("/secret\n__pycache__/\n# gitops-mlops\n")
    assert ignored.count("__pycache__/") == 1
    assert ".dvc/config" not in kinds(answer.out)
    config = yaml.safe_load((existing.root / "mlops.yaml").read_text())
    assert config["datasets"] == {
        "test": {"path": "data/test.csv", "contract": "contracts/size.yaml"},
        "train": {"path": "data/train.csv", "contract": "contracts/size.yaml"},
    }
    model = config["models"]["size"]
    assert (model["task"], model["evaluation"]["positive"]) == ("binary-classification", "big")
    assert model["evaluation"]["id"] == "id"
    assert yaml.safe_load((existing.root / "contracts/size-input.yaml").read_text())["columns"].keys() == {"size"}
    existing.commit("Add gitops-mlops")
    assert cli("check", folder=existing.root).code == 0
    assert cli("validate", folder=existing.root).code == 0


def test_a_training_table_of_the_same_name_is_not_taken_for_the_test(cli: Cli, existing: Repo) -> None:
    existing.commit("Old data", **{"old/train.csv": ROWS})
    answer = adopt(cli, existing, "--positive", "big", "--target", "label", "--data", "old/train.csv")
    assert answer.code == 0, answer.err
    config = yaml.safe_load((existing.root / "mlops.yaml").read_text())
    assert config["datasets"] == {"train": {"path": "old/train.csv", "contract": "contracts/size.yaml"}}
    assert "train" not in config["models"]["size"]["evaluation"]


def test_what_was_added_can_be_updated(cli: Cli, existing: Repo, later: Any) -> None:
    adopt(cli, existing, "--positive", "big", "--target", "label")
    existing.commit("Add gitops-mlops")
    assert kinds(update(cli, existing).out) == {}
    shipped = bootstrap.templates().toolkit()
    hooks = shipped[".pre-commit-config.yaml"] + b"      - id: mlops-new\n"
    later(toolkit={".pre-commit-config.yaml": hooks, ".gitignore": shipped[".gitignore"] + b"/new\n"})
    answer = update(cli, existing, LATER)
    assert answer.code == 0
    assert {".pre-commit-config.yaml", ".gitignore", PULL_REQUEST} <= kinds(answer.out).keys()
    text = (existing.root / ".pre-commit-config.yaml").read_text()
    assert yaml.safe_load(text)["repos"][0]["hooks"][-1] == {"id": "mlops-new"}
    assert text.count("gitops-mlops") == 1
    assert "# the formatter\n    - repo: https://example.org/x" in text
    assert (existing.root / ".gitignore").read_text().endswith("/new\n")
    existing.commit("Update")
    assert kinds(update(cli, existing, LATER).out) == {}


def test_a_plain_repository_gets_dvc_too(cli: Cli, repo: Repo) -> None:
    repo.commit("A start", **{"README.md": "# Mine\n"})
    answer = adopt(cli, repo, "--dvc-remote", "/tmp/storage")
    assert answer.code == 0
    assert any("dvc init" in note for note in answer.json["notes"])
    assert (repo.root / "README.md").read_text() == "# Mine\n"
    assert "storage" in repo.run("dvc", "remote", "list")
    assert repo.run("dvc", "status").strip()
    assert cli("check", folder=repo.root).code == 0
    repo.commit("Add gitops-mlops")
    assert kinds(update(cli, repo).out) == {}


def test_nothing_is_written_where_nobody_can_be_asked(cli: Cli, repo: Repo) -> None:
    repo.commit("A start", **{"README.md": "# Mine\n"})
    answer = cli("init", "--toolkit", TOOLKIT, folder=repo.root)
    assert answer.code == 2
    assert "+++ b/mlops.yaml" in answer.out
    assert "add --yes" in answer.err
    answer = cli("init", "--toolkit", TOOLKIT, "--json", folder=repo.root)
    assert (answer.code, kinds(answer.out)["mlops.yaml"]) == (2, "added")
    assert repo.git("status", "--porcelain") == ""


def test_a_person_is_shown_the_diff_and_asked(repo: Repo) -> None:
    """On a real terminal: no writes nothing, yes writes."""
    import pty

    repo.commit("A start", **{"README.md": "# Mine\n"})
    for answer, code, written in (("n", 130, False), ("y", 0, True)):
        terminal, other = pty.openpty()
        os.write(terminal, f"{answer}\n".encode())
        done = subprocess.run(
            ["python", "-m", "gitops_mlops", "init", "--toolkit", TOOLKIT],
            cwd=repo.root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=other,
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(terminal)
        os.close(other)
        assert done.returncode == code, done.stderr
        assert "+++ b/mlops.yaml" in done.stdout
        assert (repo.root / "mlops.yaml").exists() is written


def test_files_that_are_there_are_left_alone(cli: Cli, existing: Repo) -> None:
    mine = {PULL_REQUEST: "mine", "mlops.yaml": "version: 1\n", ".pre-commit-config.yaml": "repos: []\n"}
    existing.commit("Mine", **mine)
    answer = adopt(cli, existing)
    assert answer.code == 0
    for path, text in mine.items():
        assert (existing.root / path).read_text() == text
    noted = " ".join(answer.json["notes"])
    assert PULL_REQUEST in noted
    assert ".pre-commit-config.yaml" in noted


def test_a_symlink_out_of_the_repository_is_not_followed(cli: Cli, repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo.root / ".github").symlink_to(outside)
    repo.commit("A trap")
    answer = adopt(cli, repo)
    assert (answer.code, "a symlink leads out of the repository" in answer.err) == (2, True)
    assert list(outside.iterdir()) == []
    assert repo.git("status", "--porcelain") == ""


def test_the_toolkit_is_not_added_twice(cli: Cli, new_project: Repo) -> None:
    answer = adopt(cli, new_project)
    assert (answer.code, "gitops-mlops init --update" in answer.err) == (2, True)


def test_an_update_needs_something_that_init_wrote(cli: Cli, repo: Repo) -> None:
    repo.commit("A start")
    answer = update(cli, repo)
    assert (answer.code, "nothing here was written by init" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which is the column of labels? → --target, one of: id, size, label"),
        (["--target", "labl"], "perhaps you meant 'label'"),
        (["--target", "label"], "which is the label that counts as positive? → --positive, one of: big, small"),
        (["--target", "label", "--model", "sise"], "perhaps you meant 'size'"),
        (["--target", "label", "--data", "data/tst.csv"], "perhaps you meant 'data/test.csv'"),
        (["--target", "label", "--task", "ranking"], "ranking needs more settings than init has options for"),
        (["--target", "label", "--task", "sorting"], "'sorting'"),
        (["--dvc-remote", "s3://x"], "DVC is set up here"),
    ],
)
def test_what_cannot_be_found_out_is_asked_for(cli: Cli, existing: Repo, words: list[str], said: str) -> None:
    answer = adopt(cli, existing, *words)
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert existing.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("column", "task"),
    [
        (["0", "1"] * 20, "binary-classification"),
        (["a", "b", "c", "d"] * 10, "multiclass-classification"),
        ([str(i * 0.37) for i in range(40)], "regression"),
        ([str(i) for i in range(40)], "regression"),
    ],
)
def test_the_task_is_told_from_the_labels(cli: Cli, existing: Repo, column: list[str], task: str) -> None:
    existing.commit("Others", **{"data/test.csv": "x,1e5\n" + "".join(f"{i},{y}\n" for i, y in enumerate(column))})
    answer = adopt(cli, existing, "--target", "1e5")
    assert answer.code == 0, answer.err
    existing.commit("Add gitops-mlops")
    assert cli("check", folder=existing.root).code == 0
    assert yaml.safe_load((existing.root / "mlops.yaml").read_text())["models"]["size"]["task"] == task
