from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gitops_mlops.domain.comparison.report import MAX_REPORT_BYTES, parse_report
from tests.conftest import Cli
from tests.unit.reports.github import WEB
from tests.unit.reports.page import problems

GOLDEN = Path(__file__).parents[1] / "unit" / "reports" / "golden"

WORSE = json.loads((GOLDEN / "worse.json").read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, no repository, with a report of a worse model."""
    shutil.copy(GOLDEN / "worse.json", tmp_path / "report.json")
    return tmp_path


def test_the_terminal_gets_text_without_colour_when_it_is_none(cli: Cli, folder: Path) -> None:
    answer = cli("report", folder=folder)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (GOLDEN / "worse.txt").read_text()


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_whose_user_wants_it(folder: Path, no_colour: str, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "gitops_mlops", "-C", str(folder), "report"],
        stdout=theirs,
        env={**os.environ, "NO_COLOR": no_colour, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 100)
    os.close(ours)
    assert shown.startswith(b"\x1b[1;31mBLOCK" if coloured else b"BLOCK")


def test_markdown_and_json(cli: Cli, folder: Path) -> None:
    assert cli("report", "--format", "markdown", folder=folder).out == (GOLDEN / "worse.md").read_text()
    for words in (["--json"], ["--format", "json"]):
        printed = cli("report", *words, folder=folder)
        assert parse_report(printed.out) == parse_report((GOLDEN / "worse.json").read_bytes())
        assert printed.json["schema"] == "gitops-mlops/report/2"


def test_html_is_one_page_with_links_to_the_repository_that_is_named(cli: Cli, folder: Path) -> None:
    answer = cli("report", "--format", "html", "-o", "report.html", "--web", f"{WEB}/", folder=folder)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    html = (folder / "report.html").read_text("utf-8")
    assert html.startswith("<!doctype html>")
    assert f"{WEB}/commit/{WORSE['champion']['commit']}" in html
    assert problems(html) == []
    assert cli("report", "--format", "html", folder=folder).out.count("<html") == 1


@pytest.mark.parametrize(
    "web", ["javascript:alert(1)", "https://host", "//host/owner/name", "https://a/b c", 'https://a/b"', "-"]
)
def test_what_is_no_address_of_a_repository_is_not_linked_to(cli: Cli, folder: Path, web: str) -> None:
    answer = cli("report", "--format", "html", "--web", web, "-o", "report.html", folder=folder)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "not the address of a repository" in answer.err
    assert not (folder / "report.html").exists()


def test_out_writes_the_file_and_prints_nothing(cli: Cli, folder: Path) -> None:
    (folder / "inside").mkdir()
    answer = cli("report", "../report.json", "--format", "markdown", "--out", "../out.md", folder=folder / "inside")
    assert (answer.code, answer.out) == (0, "")
    assert (folder / "out.md").read_text() == (GOLDEN / "worse.md").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["inside", "out.md", "report.json"]


@pytest.mark.parametrize(
    ("name", "code"), [("better", 0), ("inconclusive", 0), ("first_version", 0), ("worse", 1), ("incomparable", 1)]
)
def test_the_verdict_is_the_exit_code_only_when_asked(cli: Cli, folder: Path, name: str, code: int) -> None:
    shutil.copy(GOLDEN / f"{name}.json", folder / "report.json")
    assert cli("report", folder=folder).code == 0
    assert cli("report", "--exit-code", folder=folder).code == code


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a report"),
        (b"{", "not a report"),
        (b"[]", "not a report"),
        (b"\xff\xfe", "not a report"),
        (
            b'{"schema": "gitops-mlops/report/0"}',
            "not a report of schema gitops-mlops/report/2",
        ),
        (b"[" * 100_000, "not a report"),
        (b" " * (MAX_REPORT_BYTES + 1), "larger than 1048576 bytes"),
        (json.dumps({**WORSE, "\x1b[2J\x07": 1}).encode(), "[2J�: Extra inputs"),
    ],
)
def test_what_is_no_report_is_missing_evidence_in_one_line(cli: Cli, folder: Path, content: bytes, says: str) -> None:
    (folder / "report.json").write_bytes(content)
    answer = cli("report", "--format", "markdown", "--out", "out.md", folder=folder)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: report.json: ")
    assert says in answer.err
    assert "run compare again" in answer.err
    assert answer.err.count("\n") == 1
    assert "\x1b" not in answer.err
    assert not (folder / "out.md").exists()


def test_nothing_to_report_on(cli: Cli, folder: Path) -> None:
    answer = cli("report", "nowhere.json", folder=folder)
    assert answer.code == 3
    assert answer.err == "error: nowhere.json: there is no such file → run gitops-mlops compare first\n"
    assert cli("report", "report.json/deeper.json", folder=folder).code == 3
    answer = cli("report", ".", folder=folder)
    assert (answer.code, "Is a directory" in answer.err) == (4, True)


def test_where_nothing_can_be_written(cli: Cli, folder: Path) -> None:
    answer = cli("report", "--out", "report.json/out.md", folder=folder)
    assert (answer.code, answer.err.count("\n")) == (4, 1)
    assert "cannot be written" in answer.err


def test_an_unknown_format_is_wrong_usage(cli: Cli, folder: Path) -> None:
    answer = cli("report", "--format", "html5", folder=folder)
    assert (answer.code, "markdown" in answer.err) == (2, True)


def test_a_report_of_an_earlier_version_is_read_and_one_of_a_later_version_names_it(cli: Cli, tmp_path: Path) -> None:
    recorded = Path(__file__).parents[1] / "recorded" / "report-1.json"
    (tmp_path / "report.json").write_bytes(recorded.read_bytes())
    assert cli("report", "--json", folder=tmp_path).json["data_checks"]["checks"][0]["finding"] == "found"
    (tmp_path / "report.json").write_text('{"schema": "gitops-mlops/report/9"}')
    answer = cli("report", folder=tmp_path)
    assert answer.code == 3
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("error: report.json: has schema gitops-mlops/report/9, and this version reads")
