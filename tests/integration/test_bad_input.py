"""What a clumsy or hostile user does: one line that says what, where and what to do, and its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_mlops.adapters.dvc.store import DvcStore
from gitops_mlops.adapters.files.working_tree import WorkingTree
from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.runtime.atomic_write import write_atomically
from tests.conftest import Answer, Cli, Repo
from tests.fakes.runner import commands
from tests.integration.registry_project import Project

CONTRACT = "version: 1\ncolumns:\n  a: {type: int64}\n"


def refused(answer: Answer, code: int, *words: str) -> None:
    """One line on standard error, nothing on standard output, and no bug."""
    assert answer.code == code, answer.err
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1, answer.err
    assert "this is a bug" not in answer.err
    assert answer.out == ""
    for word in words:
        assert word in answer.err


def test_a_bug_of_ours_is_not_blamed_on_the_world(cli: Cli, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("as if we had erred")

    monkeypatch.setattr(GitRepository, "tags", broken)
    answer = cli("show", folder=repo.root)
    assert (answer.code, answer.out) == (70, "")
    wanted = "this is a bug in gitops-mlops (ZeroDivisionError: as if we had erred) → report it "
    assert answer.err.startswith(f"error: {wanted}")
    assert re.search(r"report it (at \S+/issues|in the issues of gitops-mlops), with what -v prints\n\Z", answer.err)
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("words", [["-v", "show"], ["show", "-v"], ["--debug", "show"]])
def test_the_place_of_a_bug_is_shown_to_who_asks(
    cli: Cli, repo: Repo, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("x\n::set-output name=a::b ##[add-mask]c \x1b[2J https://ada:hunter22@example.org")

    monkeypatch.setattr(GitRepository, "tags", broken)
    answer = cli(*words, folder=repo.root)
    assert answer.code == 70
    assert "Traceback (most recent call last):" in answer.err
    assert "in broken" in answer.err
    assert "error: this is a bug in gitops-mlops (ZeroDivisionError: x" in answer.err
    shown = answer.err.partition("error: ")[0]
    assert "hunter22" not in shown
    assert "\x1b" not in answer.err
    assert "##[" not in shown
    assert commands(answer.err) == []


def test_what_was_foreseen_needs_no_traceback(cli: Cli, tmp_path: Path) -> None:
    answer = cli("show", "-v", folder=tmp_path)
    assert (answer.code, "Traceback" in answer.err) == (2, False)
    assert "Traceback" in cli("--debug", "show", folder=tmp_path).err


def test_a_memory_that_is_full_is_no_bug(cli: Cli, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(GitRepository, "tags", broken)
    answer = cli("show", folder=repo.root)
    assert (answer.code, "memory of this machine is full" in answer.err) == (4, True)


@pytest.fixture
def unreported_model(repo: Repo) -> Project:
    """A first model, committed, without a report."""
    made = Project(repo)
    made.train(b"one")
    return made


NEEDS_A_REPOSITORY = (
    ["check"],
    ["validate"],
    ["compare"],
    ["show"],
    ["history"],
    ["register", "delay"],
    ["promote", "delay", "staging"],
    ["rollback", "delay", "staging"],
    ["deploy"],
    ["status"],
    ["predict", "delay", "--env", "staging", "--row", "{}"],
    ["hook", "config"],
    ["hook", "data"],
    ["hook", "dvc-lock"],
    ["hook", "no-secrets"],
    ["contract", "diff", "HEAD:a.yaml", "HEAD:b.yaml"],
)


@pytest.mark.parametrize("words", NEEDS_A_REPOSITORY, ids=" ".join)
def test_outside_of_a_repository(words: list[str], cli: Cli, tmp_path: Path) -> None:
    refused(cli(*words, folder=tmp_path), 2, "not a git repository → run git init, or use -C DIR")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check"], 2),
        (["validate"], 2),
        (["compare"], 2),
        (["register", "delay"], 3),
        (["promote", "delay", "staging"], 3),
        (["rollback", "delay", "staging"], 3),
        (["deploy"], 2),
        (["status"], 2),
        (["hook", "config"], 2),
        (["hook", "data"], 2),
        (["contract", "diff", "HEAD:a.yaml", "HEAD:b.yaml"], 3),
    ],
    ids=str,
)
def test_without_a_commit_or_a_configuration(words: list[str], code: int, cli: Cli, repo: Repo) -> None:
    refused(cli(*words, folder=repo.root), code, " → ")


def test_a_folder_that_was_deleted(repo: Repo) -> None:
    """It cannot be `-C`, for the shell stands in it."""
    gone = repo.root / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$PWD"; exec "$0" -m gitops_mlops show', sys.executable],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "error: the current folder was deleted → cd into one that exists, or use -C DIR\n",
    )


# Names


@pytest.mark.parametrize("name", ["a\nb", "$(touch x)", "a;b", "é", "x\u202ey", "-", "a" * 3000], ids=range(7))
@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["history"],
        ["register"],
        ["report"],
        ["schema"],
        ["contract", "infer"],
        ["hook", "no-secrets", "--"],
    ],
    ids=" ".join,
)
def test_names_that_mean_nothing(words: list[str], name: str, cli: Cli, repo: Repo) -> None:
    answer = cli(*words, name, folder=repo.root)
    assert answer.code in (2, 3, 4)
    refused(answer, answer.code)
    assert "\u202e" not in answer.err
    assert [path.name for path in repo.root.iterdir()] == [".git"]


def test_an_option_that_is_none_points_to_the_help(cli: Cli, repo: Repo) -> None:
    refused(cli("register", "--verison", folder=repo.root), 2, "→ gitops-mlops register --help")
    refused(cli("register", folder=repo.root), 2, "→ gitops-mlops register --help")


# Standard streams


def shell(line: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """A line of bash in which `gitops-mlops` is the program under test."""
    done = subprocess.run(
        ["bash", "-c", f'gitops-mlops() {{ "{sys.executable}" -m gitops_mlops "$@"; }}; set -o pipefail; {line}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("words", ["--help", "--version", "schema contract", "show", "show --json"])
def test_a_full_device(words: str, repo: Repo) -> None:
    code, _, error = shell(f"gitops-mlops {words} > /dev/full", repo.root)
    assert (code, error) == (4, "error: standard output: cannot be written (No space left on device)\n")


@pytest.mark.parametrize(("words", "code"), [("--help", 0), ("show", 0), ("check", 2)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_verdict(words: str, code: int, closed: str, repo: Repo) -> None:
    found, _, error = shell(f"gitops-mlops {words} {closed}", repo.root)
    assert found == code
    assert "Traceback" not in error
    assert "bug" not in error


def test_errors_that_cannot_be_said_keep_their_code(repo: Repo) -> None:
    assert shell("gitops-mlops check 2> /dev/full", repo.root)[0] == 2


def test_a_reader_that_leaves_does_not_turn_a_verdict_into_a_pass(repo: Repo) -> None:
    """`set -o pipefail; gitops-mlops compare | head -1` in a workflow is a gate."""
    repo.write("old.yaml", "version: 1\ncolumns:\n" + "".join(f"  c{n}: {{type: int64}}\n" for n in range(3000)))
    repo.write("new.yaml", CONTRACT)
    assert shell("gitops-mlops contract diff old.yaml new.yaml | true", repo.root) == (1, "", "")
    assert shell("gitops-mlops contract diff --json old.yaml new.yaml | true", repo.root) == (1, "", "")


@pytest.mark.parametrize(
    "words", ["--help", "show --help", "schema mlops", "show", "contract diff new.yaml new.yaml"]
)
def test_a_reader_that_leaves_does_not_turn_a_pass_into_a_verdict(words: str, repo: Repo) -> None:
    repo.write("new.yaml", CONTRACT)
    assert shell(f"gitops-mlops {words} | true", repo.root) == (0, "", "")


def test_a_contract_in_python_that_ends_the_program_is_no_pass(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    answer = cli("validate", "--contract", "c.py:Rows", "--data", "rows.csv", folder=tmp_path)
    assert answer.code not in (0, 1)
    refused(answer, answer.code)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_narrow_encoding(encoding: str, repo: Repo) -> None:
    code, out, error = shell("gitops-mlops show", repo.root, PYTHONIOENCODING=encoding)
    assert (code, error) == (0, "")
    assert r"No model is in use \u2192 gitops-mlops register MODEL" in out
    repo.write("mlops.yaml", "é😀: 1")
    code, out, _ = shell("gitops-mlops check --json", repo.root, PYTHONIOENCODING=encoding)
    assert code == 2
    assert any("é😀" in problem["message"] for problem in json.loads(out)["problems"])


def test_an_interrupt_while_modules_are_imported(repo: Repo) -> None:
    script = (
        "import sys, signal, os\n"
        "class Slow:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'gitops_mlops.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "sys.argv = ['gitops-mlops', 'show']\n"
        "from gitops_mlops.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


# Files that are read


@pytest.mark.parametrize(
    ("words", "code"),
    [(["validate"], 2), (["compare"], 2), (["promote", "delay", "staging"], 2), (["deploy"], 2), (["status"], 2)],
    ids=str,
)
@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "outside"])
def test_a_configuration_that_is_no_file(
    words: list[str], code: int, kind: str, cli: Cli, unreported_model: Project
) -> None:
    path = unreported_model.repo.root / "mlops.yaml"
    path.unlink()
    make: dict[str, Callable[[], None]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to("mlops.yaml"),
        "outside": lambda: path.symlink_to("/etc/hosts"),
    }
    make[kind]()
    refused(cli(*words, folder=unreported_model.repo.root), code, "mlops.yaml: ", " → ")


ODD_LOCKS = (
    "stages: {train: {cmd: 3, deps: 4, outs: 4, params: [1]}, x: 4}",
    "stages: {train: {outs: [{path: 3, md5: abc}]}}",
    "stages: {train: {outs: [{path: models/delay.skops, md5: ../../../../../../etc/passwd}]}}",
    "stages: {train: {outs: [{path: models/delay.skops, md5: ''}]}}",
    "stages: {train: {outs: [3, null, [], {md5: 3, path: models/delay.skops}]}}",
    "[]",
)


@pytest.mark.parametrize("lock", ODD_LOCKS, ids=range(len(ODD_LOCKS)))
def test_a_lock_that_dvc_did_not_write(lock: str, cli: Cli, unreported_model: Project) -> None:
    unreported_model.repo.commit("odd", **{"dvc.lock": f"schema: '2.0'\n{lock}\n" if lock != "[]" else lock})
    refused(cli("register", "delay", folder=unreported_model.repo.root), 3, "models/delay.skops")
    answer = cli("check", folder=unreported_model.repo.root)
    assert answer.code == 2
    assert answer.err == "" or "bug" not in answer.err


def test_a_pipeline_that_dvc_would_refuse(cli: Cli, unreported_model: Project) -> None:
    unreported_model.repo.write(
        "dvc.yaml",
        "stages: {a: 3, b: {cmd: x, deps: 3, outs: 4, params: 5}}\n"
        "artifacts: {delay: {path: models/delay.skops, labels: 4}, x: {path: 3}, y: 3}\n",
    )
    for words in (["check"], ["hook", "config"], ["hook", "dvc-lock"], ["compare"]):
        assert "bug" not in cli(*words, folder=unreported_model.repo.root).err


def test_a_remote_whose_plug_in_is_not_installed(
    unreported_model: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = unreported_model.repo.root
    found = DvcStore(GitRepository(root), WorkingTree(root))
    output = found.outputs()["models/delay.skops"]
    (root / ".dvc" / "cache").rename(root / "cache")
    unreported_model.repo.write(
        ".dvc/config", "[core]\n    remote = x\n['remote \"x\"']\n    url = s3://bucket/path\n"
    )
    # Whether DVC's plug-in is installed where the tests run does not matter.
    monkeypatch.setitem(sys.modules, "dvc_s3", None)
    with pytest.raises(ExternalError, match="dvc-s3"):
        found.materialise(output)
    assert capsys.readouterr().err == ""


def test_a_remote_that_is_gone_is_said_once(unreported_model: Project, cli: Cli) -> None:
    root = unreported_model.repo.root
    (root / ".dvc" / "cache").rename(root / "cache")
    unreported_model.repo.write(".dvc/config", "[core]\n    remote = x\n['remote \"x\"']\n    url = ../../gone\n")
    code, out, error = shell("gitops-mlops register delay", root)
    assert (code, out, error.count("\n")) == (3, "", 1), error
    assert "no DVC remote provided it → see dvc remote list and dvc pull" in error


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "not UTF-8: byte 0, in line 1 → save it as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "not UTF-8 text → save it as UTF-8"),
        ("a,é\n1,2\n".encode("latin-1"), "not UTF-8: byte 2, in line 1 → save it as UTF-8"),
        ("a,b\n1,é\n".encode("latin-1"), "not UTF-8: byte 6, in line 2 → save it as UTF-8"),
    ],
)
def test_a_table_in_another_encoding(content: bytes, line: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    (tmp_path / "c.yaml").write_text(CONTRACT)
    refused(cli("validate", "--contract", "c.yaml", "--data", "rows.csv", folder=tmp_path), 3, line)
    refused(cli("contract", "infer", "rows.csv", "--out", "out.yaml", folder=tmp_path), 3, line)
    assert not (tmp_path / "out.yaml").exists()


def test_a_header_longer_than_a_block_is_text(cli: Cli, tmp_path: Path) -> None:
    """The block ends inside of a character."""
    (tmp_path / "rows.csv").write_text("x" + "é" * 600_000 + "\n1\n", "utf-8")
    answer = cli("contract", "infer", "rows.csv", "--out", "out.yaml", folder=tmp_path)
    assert answer.code == 0, answer.err[:200]


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[]", b"{}", b"[" * 100_000], ids=range(5))
def test_a_report_that_is_none(content: bytes, cli: Cli, unreported_model: Project) -> None:
    unreported_model.repo.write("report.json", content)
    for words in (["report"], ["register", "delay", "--report", "report.json"]):
        answer = cli(*words, folder=unreported_model.repo.root)
        refused(answer, 3, "report.json: not a report of schema gitops-mlops/report/2 (", "→ run compare again")
        assert "(:" not in answer.err
    assert unreported_model.tags() == []


def test_a_report_without_end(cli: Cli, unreported_model: Project) -> None:
    for words in (["report", "/dev/zero"], ["register", "delay", "--report", "/dev/zero"]):
        refused(cli(*words, folder=unreported_model.repo.root), 3, "/dev/zero: larger than 1048576 bytes")


# Files that are written


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    """`--out /dev/stdout` as root must not rename a file over the device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"content")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"content"


def test_standard_output_by_its_path_keeps_what_stands_there(unreported_model: Project) -> None:
    """`>> "$GITHUB_STEP_SUMMARY"` is a regular file that others have written to."""
    root = unreported_model.repo.root
    unreported_model.report(b"one")
    line = "echo before > all; gitops-mlops report --format json --out /dev/stdout >> all && echo after >> all"
    assert shell(line, root) == (0, "", "")
    kept = (root / "all").read_text()
    assert kept.startswith("before\n{")
    assert kept.endswith("}\nafter\n")


@pytest.mark.parametrize("words", [["report"], ["contract", "infer", "rows.csv"]], ids=" ".join)
def test_a_place_that_takes_no_file(words: list[str], cli: Cli, unreported_model: Project) -> None:
    unreported_model.report(b"one")
    unreported_model.repo.write("rows.csv", "a\n1\n")
    folder = unreported_model.repo.root
    refused(cli(*words, "--out", "rows.csv/out", folder=folder), 4, "rows.csv/out: cannot be written (")
    assert (folder / "rows.csv").read_text() == "a\n1\n"


def test_predictions_that_could_not_be_kept_are_not_asked_for(cli: Cli, unreported_model: Project) -> None:
    ask = ["predict", "delay", "--env", "staging", "--row", "{}", "--out", "answers.xyz"]
    refused(cli(*ask, folder=unreported_model.repo.root), 2, "answers.xyz: .xyz is not a table format", ".parquet")
