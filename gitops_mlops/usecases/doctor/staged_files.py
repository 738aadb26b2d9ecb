"""What the pre-commit hooks ask of the files that are about to be committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gitops_mlops.domain.doctor.secrets import secrets_in
from gitops_mlops.domain.errors import ConfigError, FileProblemLine, MissingEvidence, UsageError
from gitops_mlops.domain.pipeline.large_files import LFS_POINTER, size_problem
from gitops_mlops.domain.ports import DataStore, Index, Repository, StagedFile, TrackedOutput, Tree

# What is larger is the other hook's business, and no credential stands in it as text.
MAX_SCANNED = 32 * 1024 * 1024
_SKIP = "if it is intended, inform the readers of the data, then SKIP=mlops-contract-compat git commit"


def contract_problems(tree: Tree, paths: Sequence[str]) -> list[FileProblemLine]:
    """What is wrong in contract files."""
    from gitops_mlops.domain.contracts.contract import parse_contract

    problems: list[FileProblemLine] = []
    for path in paths:
        try:
            parse_contract(_content(tree, path), path)
        except ConfigError as error:
            problems += error.problems
    return problems


def incompatible_contracts(tree: Tree, repository: Repository, paths: Sequence[str]) -> list[FileProblemLine]:
    """Which changes since HEAD break those who know the committed contracts. Raises ConfigError for a bad one."""
    from gitops_mlops.domain.contracts.compatibility import breaking, compare_contracts
    from gitops_mlops.domain.contracts.contract import parse_contract
    from gitops_mlops.domain.document.yaml import parse_yaml

    problems = []
    for path, before in _committed(repository, paths):
        content = _content(tree, path)
        document, new = parse_yaml(content, path), parse_contract(content, path)
        try:
            old = parse_contract(before, path)
        except ConfigError:
            # Fixing a contract that could not be read breaks nothing.
            continue
        for change in breaking(compare_contracts(old, new)):
            where = () if change.column is None else ("columns", change.column)
            problems.append(document.problem(where, f"{change.message}; breaks {', '.join(change.breaks)}", _SKIP))
    return problems


def changed_datasets(tree: Tree, store: DataStore, repository: Repository, unstaged: set[str]) -> list[str]:
    """The datasets whose data or contract the commit changes, of those that have a contract.

    Raises EvidenceMissing when what is on disk is not what will be committed.
    """
    from gitops_mlops.domain.config.parse import parse_config
    from gitops_mlops.domain.config.root import CONFIG_FILE

    config = parse_config(_content(tree, CONFIG_FILE))
    staged, before = store.outputs(), _outputs_before(store, repository)
    found = []
    for name, dataset in config.datasets.items():
        if dataset.contract is None:
            continue
        now, then = staged.get(dataset.path), before.get(dataset.path)
        changed = (
            now.md5 != (then.md5 if then else "") if now else _differs(tree, repository, dataset.path)
        ) or _differs(tree, repository, dataset.contract.partition(":")[0])
        if changed:
            _prove_on_disk(tree, dataset.path, now, unstaged)
            found.append(name)
    return found


def large_files(index: Index, paths: Sequence[str], max_kb: int) -> list[FileProblemLine]:
    """Which staged files belong to DVC and not to git."""
    chosen = _chosen(index, paths)
    sizes = index.sizes(entry.object for entry in chosen.values())
    found = {path: size_problem(path, sizes.get(entry.object, 0), max_kb) for path, entry in chosen.items()}
    suspects = {path: problem for path, problem in found.items() if problem is not None}
    small = {chosen[path].object for path in suspects if sizes[chosen[path].object] < 1024}
    pointers = {name for name, content in index.blobs(sorted(small)) if content.startswith(LFS_POINTER)}
    return [problem for path, problem in suspects.items() if chosen[path].object not in pointers]


def secrets(index: Index, paths: Sequence[str]) -> list[FileProblemLine]:
    """The credentials in staged files."""
    chosen = _chosen(index, paths)
    names: dict[str, list[str]] = {}
    for path, entry in chosen.items():
        names.setdefault(entry.object, []).append(path)
    sizes = index.sizes(sorted(names))
    scanned = [name for name in sorted(names) if sizes.get(name, 0) <= MAX_SCANNED]
    return sorted(
        {
            problem
            for name, content in index.blobs(scanned)
            for path in names[name]
            for problem in secrets_in(path, content)
        }
    )


def _chosen(index: Index, paths: Sequence[str]) -> dict[str, StagedFile]:
    """The staged files among `paths`; all when none is given."""
    staged = index.staged()
    if missing := [path for path in paths if path not in staged]:
        raise UsageError("is not staged", where=missing[0], hint="git add it")
    wanted: Iterable[str] = paths or staged
    return {path: staged[path] for path in wanted if not staged[path].symlink}


def _content(tree: Tree, path: str) -> bytes:
    content = tree.read(path)
    if content is None:
        raise UsageError("is not staged", where=path, hint="git add it")
    return content


def _committed(repository: Repository, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    try:
        head = repository.head()
    except MissingEvidence:
        # The first commit breaks nobody.
        return
    for path in paths:
        if (content := repository.read(head, path)) is not None:
            yield path, content


def _differs(tree: Tree, repository: Repository, path: str) -> bool:
    """Whether the staged file is not the committed one."""
    return dict(_committed(repository, [path])).get(path) != tree.read(path)


def _outputs_before(store: DataStore, repository: Repository) -> dict[str, TrackedOutput]:
    try:
        return store.outputs(repository.head())
    except MissingEvidence:
        return {}


def _prove_on_disk(tree: Tree, path: str, recorded: TrackedOutput | None, unstaged: set[str]) -> None:
    if path in unstaged:
        raise MissingEvidence("what is on disk is not what is staged", where=path, hint="git add it, or git stash")
    found = tree.md5(path)
    if found is None:
        raise MissingEvidence("is not on disk, so it cannot be validated", where=path, hint="dvc checkout")
    if recorded is not None and not recorded.md5.endswith(".dir") and found != recorded.md5:
        raise MissingEvidence(
            "what is on disk is not what DVC recorded", where=path, hint="dvc checkout, or dvc repro"
        )
