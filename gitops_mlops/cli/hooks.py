"""`hook`: what pre-commit and prek call. Each hook looks at what is staged, not at what is on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, FileProblemLine, MissingEvidence, UsageError
from gitops_mlops.domain.pipeline.large_files import DEFAULT_MAX_KB
from gitops_mlops.reports.rendering.problems import counted, problem_data, problem_lines

Files = tuple[str, ...]


class HookCommand(click.Command):
    """A command whose last words are file names that strangers chose."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """A file that is called `--max-kb=999999` is a file; `--` in the manifest's `args` says so, if it is kept."""
        session = ctx.find_object(Session)
        options = args[: args.index("--")] if "--" in args else args
        for word in options:
            if word.startswith("-") and session is not None and os.path.lexists(session.folder / word):
                raise UsageError(f"a file has the name of an option: {word!r}", hint="end the hook's args with --")
        return super().parse_args(ctx, args)


def _hook(name: str, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the group, for the files that are its last words."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        command = hook.command(name, cls=HookCommand, epilog=f"Example: {example}")
        files = click.argument("files", nargs=-1, metavar="[--] [FILE]...", type=click.UNPROCESSED)
        return command(files(json_option(pass_session(function))))

    return decorate


@click.group(epilog="Example: gitops-mlops hook no-secrets -- params.yaml")
def hook() -> None:
    """Check what is about to be committed. pre-commit and prek call these; see .pre-commit-hooks.yaml.

    The id in .pre-commit-config.yaml is mlops-NAME. Without files, `no-secrets` and
    `no-large-files` look at everything that is tracked.
    """


@_hook("config", "gitops-mlops hook config")
def config(session: Session, files: Files, as_json: bool) -> int:
    """mlops.yaml and all it names, as it is staged. Exit code 2 when something is wrong."""
    from gitops_mlops.usecases.config.check import check

    repository = bootstrap.repository(session.folder)
    tree = bootstrap.staged_tree(repository)
    found = check(tree, bootstrap.data_store(repository, tree), pipeline=False)
    return _told(found.problems, as_json, UsageError.exit_code)


@_hook("contracts", "gitops-mlops hook contracts -- contracts/flights.yaml")
def contracts(session: Session, files: Files, as_json: bool) -> int:
    """Contract files can be read and do not contradict themselves. Exit code 2 when one does."""
    from gitops_mlops.usecases.doctor.staged_files import contract_problems

    repository = bootstrap.repository(session.folder)
    paths = _from_root(session.folder, repository.root, files)
    return _told(contract_problems(bootstrap.staged_tree(repository), paths), as_json, UsageError.exit_code)


@_hook("contract-compat", "gitops-mlops hook contract-compat -- contracts/flights.yaml")
def contract_compat(session: Session, files: Files, as_json: bool) -> int:
    """Changed contracts break nobody who knows those of HEAD. Exit code 1 when one does.

    A break that is meant passes with SKIP=mlops-contract-compat git commit.
    """
    from gitops_mlops.usecases.doctor.staged_files import incompatible_contracts

    repository = bootstrap.repository(session.folder)
    paths = _from_root(session.folder, repository.root, files)
    found = incompatible_contracts(bootstrap.staged_tree(repository), repository, paths)
    return _told(found, as_json, VERDICT_AGAINST)


@_hook("dvc-lock", "gitops-mlops hook dvc-lock")
def dvc_lock(session: Session, files: Files, as_json: bool) -> int:
    """dvc.lock is up to date with dvc.yaml, parameters and sources. Exit code 1 when it is not.

    DVC is not started. Exit code 3 when only DVC can check a stage that the commit may have changed, unless
    `unchecked-stages: warn`; with `training: ci` what CI will run is a remark.
    """
    from gitops_mlops.reports.pipeline.lock import unchecked_words
    from gitops_mlops.usecases.pipeline.lock_check import check_staged

    repository = bootstrap.repository(session.folder)
    report = check_staged(bootstrap.staged_tree(repository), bootstrap.index(repository).edited)
    code = _told(report.problems, as_json, VERDICT_AGAINST, report.remarks)
    if not code and report.unchecked:
        hint = "see dvc status; unchecked-stages: warn in mlops.yaml accepts it"
        raise MissingEvidence(unchecked_words(report.unchecked), where="dvc.lock", hint=hint)
    return code


@_hook("data", "gitops-mlops hook data")
def data(session: Session, files: Files, as_json: bool) -> int:
    """Data whose content or contract differs from HEAD's keeps its contract. Exit code 1 when it does not.

    It needs the data on disk and the ml extra; exit code 3 without them.
    """
    from importlib.util import find_spec

    from gitops_mlops.usecases.doctor.staged_files import changed_datasets

    repository = bootstrap.repository(session.folder)
    tree, index = bootstrap.staged_tree(repository), bootstrap.index(repository)
    store = bootstrap.data_store(repository, tree)
    names = changed_datasets(tree, store, repository, index.unstaged())
    if not names:
        return _told([], as_json, DONE)
    if find_spec("polars") is None:
        raise MissingEvidence(
            f"{', '.join(names)} changed, and validating needs the ml extra",
            hint='additional_dependencies: [".[ml]"] of the hook mlops-data, or pip install "gitops-mlops[ml]"',
        )
    from gitops_mlops.cli.contracts.validate import validate

    found = validate.callback(datasets=tuple(names), contract=None, data=None, as_json=as_json)  # type: ignore[misc]
    assert isinstance(found, int)
    return found


@_hook("no-large-files", "gitops-mlops hook no-large-files --max-kb=500 -- notes.csv")
@click.option(
    "--max-kb", type=click.IntRange(1), default=DEFAULT_MAX_KB, show_default=True, help="KiB a file may have."
)
def no_large_files(session: Session, files: Files, as_json: bool, max_kb: int) -> int:
    """No data, model or large file slips into git. Exit code 1 when one does."""
    from gitops_mlops.usecases.doctor.staged_files import large_files

    repository = bootstrap.repository(session.folder)
    paths = _from_root(session.folder, repository.root, files)
    return _told(large_files(bootstrap.index(repository), paths, max_kb), as_json, VERDICT_AGAINST)


@_hook("no-secrets", "gitops-mlops hook no-secrets -- params.yaml .dvc/config")
def no_secrets(session: Session, files: Files, as_json: bool) -> int:
    """No key, token or password slips into git. Exit code 1 when one does.

    Rules match what issuers gave a form: keys of clouds and forges, private keys, passwords in
    addresses, credentials in .dvc/config, .env files. A line that ends with
    `pragma: allowlist secret` is left alone.
    """
    from gitops_mlops.usecases.doctor.staged_files import secrets

    repository = bootstrap.repository(session.folder)
    paths = _from_root(session.folder, repository.root, files)
    return _told(secrets(bootstrap.index(repository), paths), as_json, VERDICT_AGAINST)


def _from_root(folder: Path, root: Path, names: Sequence[str]) -> list[str]:
    """Names as git knows them: from the repository's root, symlinks not followed."""
    here = folder.resolve()
    paths = [os.path.relpath(os.path.normpath(here / name), root) for name in names]
    for name, path in zip(names, paths, strict=True):
        if path.startswith(".."):
            raise UsageError("is outside of the repository", where=repr(name))
    return [path.replace(os.sep, "/") for path in paths]


def _told(problems: Sequence[FileProblemLine], as_json: bool, code: int, remarks: Sequence[str] = ()) -> int:
    for remark in remarks:
        progress(f"remark: {remark}")
    result = {"problems": problem_data(problems), "remarks": list(remarks)}
    good = "no problem found"
    mark(problems)
    emit(
        result,
        as_json,
        lambda _: f"{problem_lines(problems)}\n{counted(len(problems), 'problem')}" if problems else good,
    )
    return code if problems else DONE
