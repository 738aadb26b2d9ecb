"""Every option and argument of every command, by its environment variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gitops_mlops.cli.app import Session, root
from gitops_mlops.cli.commands import COMMANDS
from gitops_mlops.cli.environment import given, prefix_of, suffix_of
from gitops_mlops.domain.errors import UsageError
from tests.conftest import Cli, Repo

Case = tuple[tuple[str, ...], click.Command, click.Parameter]


def leaves(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves((*words, name), inner)
    else:
        yield words, command


def all_commands() -> list[tuple[tuple[str, ...], click.Command]]:
    context = root.make_context("gitops-mlops", [], resilient_parsing=True)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for row in COMMANDS:
        command = root.get_command(context, row.name)
        assert command is not None
        found += leaves((row.name,), command)
    return found


# `-v` is heard before a command runs, and is none of its arguments: tests/unit/cli/test_verbosity.py has it.
CASES: list[Case] = [
    (words, command, param) for words, command in all_commands() for param in command.params if param.expose_value
]


def variable(case: Case) -> str:
    return f"{prefix_of(*case[0])}{suffix_of(case[2])}"


def sample(param: click.Parameter) -> str:
    """A value that the parameter takes and that is not its default."""
    if isinstance(param.type, click.Choice):
        return str(list(param.type.choices)[-1])
    if isinstance(param.type, click.IntRange | type(click.INT)):
        return "7"
    if isinstance(param.type, click.DateTime):
        return "2026-03-04"
    return "some $(thing); `x`"


def parsed(case: Case, words: list[str], environ: dict[str, str]) -> dict[str, object]:
    """What the command is called with; that other arguments are missing is not the point."""
    path, command, _ = case
    context = click.Context(command, info_name=path[-1], resilient_parsing=True, obj=Session(Path("/here")))
    context.default_map = given(command, path, environ)
    command.parse_args(context, words)
    return context.params


def test_the_table_is_not_empty() -> None:
    assert len(CASES) > 100
    names = [variable(case) for case in CASES]
    assert "GITOPS_MLOPS_COMPARE_CHAMPION" in names
    assert "GITOPS_MLOPS_COMPARE_MODEL" in names
    assert "GITOPS_MLOPS_CONTRACT_INFER_OUT" in names
    assert "GITOPS_MLOPS_DEPLOY_ENVIRONMENT" in names
    assert len(set(names)) == len(names), "two parameters of a command share a variable"


@pytest.mark.parametrize("case", CASES, ids=variable)
def test_a_variable_says_what_the_command_line_says(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    param = case[2]
    # Some options have another variable too; ours goes first.
    for other in [param.envvar] if isinstance(param.envvar, str) else param.envvar or ():
        monkeypatch.setenv(other, "something else")
    if isinstance(param, click.Option) and param.is_flag:
        typed = parsed(case, [param.opts[0]], {})
        assert parsed(case, [], {variable(case): "True"}) == typed
        assert parsed(case, [], {variable(case): "false"}) == parsed(case, [], {})
        assert typed != parsed(case, [], {})
        with pytest.raises(UsageError, match="neither true nor false"):
            parsed(case, [], {variable(case): "maybe"})
        return
    several = param.nargs == -1 or getattr(param, "multiple", False)
    values = ["one word", "two"] if several else [sample(param)]
    value = "one word\n\n  two\n" if several else values[0]
    words = [*_before(case), *(word for one in values for word in _typed(param, one))]
    # click asks for some itself.
    monkeypatch.setenv(variable(case), value)
    found = parsed(case, [], {variable(case): value})[str(param.name)]
    monkeypatch.setenv(variable(case), "")
    assert found == parsed(case, words, {})[str(param.name)]
    assert found not in (None, parsed(case, [], {})[str(param.name)])


def _before(case: Case) -> list[str]:
    """Words for the arguments that stand before an argument."""
    arguments = [one for one in case[1].params if isinstance(one, click.Argument)]
    return ["before"] * (arguments.index(case[2]) if isinstance(case[2], click.Argument) else 0)


def _typed(param: click.Parameter, value: str) -> Iterator[str]:
    if isinstance(param, click.Option):
        yield max(param.opts, key=len)
    yield value


@pytest.mark.parametrize("case", CASES, ids=variable)
def test_an_empty_variable_is_none(case: Case) -> None:
    assert parsed(case, [], {variable(case): ""}) == parsed(case, [], {})
    assert parsed(case, [], {variable(case): " \n"}) == parsed(case, [], {})


def test_what_the_command_line_gives_goes_first(monkeypatch: pytest.MonkeyPatch, cli: Cli, repo: Repo) -> None:
    monkeypatch.setenv("GITOPS_MLOPS_SCHEMA_NAME", "contract")
    assert "contract" in cli("schema", folder=repo.root).out
    assert cli("schema", "ledger", folder=repo.root).out != cli("schema", folder=repo.root).out


@pytest.mark.parametrize(
    ("variables", "words", "said"),
    [
        ({"COMPARE_KIND": "nonsense"}, ["compare"], "GITOPS_MLOPS_COMPARE_KIND: 'nonsense' is not one of"),
        ({"HOOK_NO_LARGE_FILES_MAX_KB": "x"}, ["hook", "no-large-files"], "GITOPS_MLOPS_HOOK_NO_LARGE_FILES_MAX_KB"),
        ({"PROMOTE_PUSH": "da"}, ["promote", "m", "s"], "GITOPS_MLOPS_PROMOTE_PUSH: 'da' is neither true nor false"),
        (
            {"COMPARE_CHAMPIN": "v1"},
            ["compare"],
            "GITOPS_MLOPS_COMPARE_CHAMPIN: compare has no such option → perhaps you meant "
            "'GITOPS_MLOPS_COMPARE_CHAMPION'",
        ),
    ],
)
def test_a_wrong_value_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, cli: Cli, repo: Repo, variables: dict[str, str], words: list[str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"GITOPS_MLOPS_{name}", value)
    answer = cli(*words, folder=repo.root)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert said in answer.err


def test_the_root_takes_variables_too(
    monkeypatch: pytest.MonkeyPatch, repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gitops_mlops.cli.app import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITOPS_MLOPS_FOLDER", str(repo.root))
    repo.commit()
    assert run(["show"]) == 0
    monkeypatch.setenv("GITOPS_MLOPS_FOLDER", "")
    assert run(["show"]) == 2
    monkeypatch.setenv("GITOPS_MLOPS_DEBUG", "true")
    assert run(["show"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_every_result_has_data_for_a_job() -> None:
    """`emit(x if as_json else y, ...)` would have nothing that GITHUB_OUTPUT can hold."""
    import gitops_mlops.cli

    for path in Path(gitops_mlops.cli.__file__).parent.glob("*.py"):
        assert not re.search(r"emit\([^()]*(\([^()]*\)[^()]*)* if as_json else", path.read_text()), path
