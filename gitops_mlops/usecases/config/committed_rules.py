"""The rules that a decision stands on: committed ones, so that nobody decides by a change that only they have."""

from __future__ import annotations

from typing import NamedTuple

from gitops_mlops.domain.config.gto import GTO_FILE, GtoConfig, parse_gto_config
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.config.sections import EnvironmentConfig
from gitops_mlops.domain.errors import UsageError
from gitops_mlops.domain.ports import Repository

_MEND = "commit it, stash it, or name the revision that counts with --config-from"


class CommittedRules(NamedTuple):
    """`mlops.yaml` and `.gto` as they are at a revision."""

    revision: str
    config: Config
    gto: GtoConfig


def committed_rules(repository: Repository, revision: str | None = None, hint: str = _MEND) -> CommittedRules:
    """The rules at a revision, or those of HEAD, which the working tree must not have changed.

    `hint` says what to do about such a change. Raises UsageError when there are none or the working tree's differ,
    ConfigError for malformed ones.
    """
    if revision is None:
        if changed := sorted({CONFIG_FILE, GTO_FILE} & set(repository.changed_files("HEAD"))):
            raise UsageError("is changed but not committed", where=", ".join(changed), hint=hint)
        revision = "HEAD"
    commit = repository.resolve(revision)
    name = f"{CONFIG_FILE} at {revision}"
    content = repository.read(commit, CONFIG_FILE)
    if content is None:
        raise UsageError("there is no such file", where=name, hint="commit one; the README shows how")
    gto = parse_gto_config(repository.read(commit, GTO_FILE))
    return CommittedRules(commit, parse_config(content, CONFIG_FILE if revision == "HEAD" else name), gto)


def committed_environment(repository: Repository, name: str) -> EnvironmentConfig | None:
    """An environment as HEAD has it; None where no `mlops.yaml` is there, or it does not name this one.

    Raises ConfigError for a malformed file.
    """
    content = repository.read("HEAD", CONFIG_FILE)
    return None if content is None else parse_config(content).environments.get(name)
