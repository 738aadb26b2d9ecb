"""Scripts cut into what runs one after the other."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.migration.shell_script import ShellCommand, program, units


def only(script: str) -> ShellCommand:
    (unit,) = units(script)
    assert unit.simple
    (command,) = unit.commands
    return command


@pytest.mark.parametrize(
    ("script", "words", "redirects"),
    [
        ("dvc repro  # all of it", ("dvc", "repro"), ()),
        ("echo '# Not a comment' >> report.md", ("echo", "# Not a comment"), ((">>", "report.md"),)),
        ('echo "a \\"b\\" $(date)" > "x y"', ("echo", 'a "b" $(date)'), ((">", "x y"),)),
        ("echo a#b", ("echo", "a#b"), ()),
        ("python train.py 2>&1", ("python", "train.py"), ((">&", "1"),)),
        (
            "dvc plots diff \\\n  --target a.csv \\\n  -x b",
            ("dvc", "plots", "diff", "--target", "a.csv", "-x", "b"),
            (),
        ),
        ("echo ${{ github.event.x && 'a b' }}", ("echo", "${{ github.event.x && 'a b' }}"), ()),
        ("echo $(cat $(ls; pwd))", ("echo", "$(cat $(ls; pwd))"), ()),
        ("echo `a; b` ${x:-a;b}", ("echo", "`a; b`", "${x:-a;b}"), ()),
    ],
)
def test_a_command_is_its_words_and_where_it_writes(
    script: str, words: tuple[str, ...], redirects: tuple[tuple[str, str], ...]
) -> None:
    assert only(script) == ShellCommand(words, redirects)


def test_units_take_the_comments_above_them_and_the_last_those_at_the_end() -> None:
    script = "# first\n\ndvc pull\n# second\ndvc repro && echo done\n\n# the end\n"
    assert [(unit.first, unit.last) for unit in units(script)] == [(0, 3), (3, 7)]


@pytest.mark.parametrize(
    "script",
    [
        "if [ -f x ]; then\n  cml comment create x\nfi",
        "for i in 1 2; do\n  cml comment create x\ndone",
        "while true\ndo\n  cml comment create x\ndone",
        "case $x in\n  a) cml comment create x;;\nesac",
        "(\n  cml comment create x\n)",
        "report() {\n  cml comment create x\n}",
        "cml comment create x &",
        "true || cml comment create x",
        "! cml comment create x",
        "cat x |\n  cml comment create x",
    ],
)
def test_what_may_not_run_is_one_unit_that_is_not_simple(script: str) -> None:
    (unit, after) = units(f"{script}\necho after")
    assert (unit.first, unit.last) == (0, script.count("\n") + 1)
    assert not unit.simple
    assert ("cml", "comment", "create", "x") in [command.words for command in unit.commands]
    assert after.simple


def test_a_pipe_is_told_from_what_may_not_run() -> None:
    assert [unit.piped for unit in units("a | b\na || b\na & b\na; b")] == [True, False, False, False]


def test_a_here_document_is_no_script() -> None:
    document, after = units("cat <<END >> report.md\nif 'x\nEND\necho after")
    assert (document.first, document.last) == (0, 3)
    assert document.commands[0].written() == ["report.md"]
    assert after.commands == (ShellCommand(("echo", "after")),)


@pytest.mark.parametrize("script", ["echo 'a", 'echo "a', "echo $(a", "echo `a", "cat <<END\na", "echo ${{ a"])
def test_what_does_not_end_is_left_alone(script: str) -> None:
    (unit,) = units(f"{script}\necho after")
    assert not unit.simple
    assert unit.first == 0


def test_what_runs_a_program_is_not_the_program() -> None:
    assert program(("sudo", "npx", "--yes", "cml", "pr")) == ("cml", "pr")


SHELLISH = st.text(alphabet="ab\n\\ '\"#$(){}<>&|;`\t=!EOF", max_size=60)


@given(SHELLISH)
def test_units_are_all_lines_once_and_in_order(script: str) -> None:
    found = units(script)
    assert all(unit.first < unit.last for unit in found)
    assert [unit.last for unit in found[:-1]] == [unit.first for unit in found[1:]]
    if found:
        assert found[0].first == 0
        assert found[-1].last == script.rstrip("\n").count("\n") + 1


@given(st.lists(st.text(alphabet="ab '\"#$\\!*&;<>(|", min_size=1, max_size=8), min_size=1, max_size=4))
def test_words_are_those_that_a_shell_gives_the_program(words: list[str]) -> None:
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {quoted}"], capture_output=True, text=True, check=True
    ).stdout
    assert list(only(f"x {quoted}").words[1:]) == said.split("\n")[:-1]
