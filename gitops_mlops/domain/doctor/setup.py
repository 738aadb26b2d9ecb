"""What can be wrong with a repository's set-up: git, DVC, `mlops.yaml`, hooks, and what is installed."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gitops_mlops.domain.doctor.checks import CheckFinding, DoctorCheck, FixKind, Severity
from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.extras import EXTRAS
from gitops_mlops.domain.pipeline.lock_text import MERGE_COMMAND, MERGE_DRIVER

OLDEST_GIT = (2, 30)

# What our commands write into a repository; none of it belongs into a commit.
WRITTEN = ("/.gitops-mlops/", "/report.json")


class DvcRemote(NamedTuple):
    """A remote of DVC's configuration; `verify` is whether DVC checks what it downloads."""

    name: str
    verify: bool


@dataclass(frozen=True)
class SetupFacts:
    """What is known of the set-up.

    `problems` are those of `mlops.yaml` and all it names, None when there is no such file; `out_of_step` those of
    `dvc.lock`. `artifacts` are the models that `dvc.yaml` declares, `models` those of `mlops.yaml`. `installed` are
    distributions. `deaf_workflows` are problems of workflows that are not run when a pull request gets another base.
    `lacks_merge_driver`: .gitattributes wants ours for `dvc.lock`, and git has no such driver.
    `hooks_wanted` and `hook_runs`: pre-commit is configured, and git runs it.
    """

    git: tuple[int, ...] = OLDEST_GIT
    identity_problem: str = ""
    problems: tuple[FileProblemLine, ...] | None = ()
    out_of_step: tuple[FileProblemLine, ...] = ()
    large_files: tuple[FileProblemLine, ...] = ()
    deaf_workflows: tuple[FileProblemLine, ...] = ()
    dvc: bool = False
    dvc_remotes: tuple[DvcRemote, ...] = ()
    artifacts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    ignored: Collection[str] = WRITTEN
    lacks_merge_driver: bool = False
    hooks_wanted: bool = False
    hook_runs: bool = False
    installed: Mapping[str, str] | None = None


def old_git(facts: SetupFacts) -> Iterator[CheckFinding]:
    """A git that lacks options we call."""
    if facts.git < OLDEST_GIT:
        seen, wanted = (".".join(map(str, version)) for version in (facts.git, OLDEST_GIT))
        yield CheckFinding("git", f"is version {seen}, and {wanted} or newer is needed", "install a newer git")


def no_identity(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Git does not know who writes a tag."""
    if facts.identity_problem:
        mend = "git config --global user.name NAME, and user.email ADDRESS"
        yield CheckFinding("git", f"does not know who writes a tag ({facts.identity_problem})", mend)


def no_configuration(facts: SetupFacts) -> Iterator[CheckFinding]:
    """There is no `mlops.yaml`."""
    if facts.problems is None:
        yield CheckFinding(
            "mlops.yaml", "there is no such file, so nothing can be compared, promoted or deployed", "add one"
        )


def bad_configuration(facts: SetupFacts) -> Iterator[CheckFinding]:
    """What `check` says of `mlops.yaml` and all it names."""
    return map(_of_problem, facts.problems or ())


def lock_out_of_step(facts: SetupFacts) -> Iterator[CheckFinding]:
    """What `check` says of `dvc.lock`."""
    return map(_of_problem, facts.out_of_step)


def large_files(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Data, models and large files in git."""
    return map(_of_problem, facts.large_files)


def deaf_workflows(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Workflows whose check of a pull request stays green when its base is replaced."""
    return map(_of_problem, facts.deaf_workflows)


def no_dvc_remote(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Data and models are on this machine only."""
    if facts.dvc and not facts.dvc_remotes:
        what = "has no remote: data and models are on this machine only, and no other clone can pull them"
        yield CheckFinding(".dvc/config", what, "dvc remote add --default NAME URL, then dvc push")


def unverified_remote(facts: SetupFacts) -> Iterator[CheckFinding]:
    """DVC trusts what such a remote sends, also when it was changed there."""
    for remote in facts.dvc_remotes:
        if not remote.verify:
            what = (
                f"remote {remote.name} is trusted: data and models that were changed there are pulled without a check"
            )
            yield CheckFinding(".dvc/config", what, f"dvc remote modify {shlex.quote(remote.name)} verify true")


def unused_artifacts(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Models that nothing compares or deploys."""
    for name in facts.artifacts if facts.problems is not None else ():
        if name not in facts.models:
            mend = "name it under models: in mlops.yaml, if it should take part"
            yield CheckFinding("dvc.yaml", f"artifact {name} is a model that mlops.yaml does not name", mend)


def not_ignored(facts: SetupFacts) -> Iterator[CheckFinding]:
    """What our commands write would be committed by `git add --all`."""
    for path in WRITTEN if facts.problems is not None else ():
        if path not in facts.ignored:
            what = f"does not ignore {path}, which our commands write: git add --all would commit it"
            yield CheckFinding(".gitignore", what, f"add the line {path}", FixKind.IGNORE, path)


def hooks_not_installed(facts: SetupFacts) -> Iterator[CheckFinding]:
    """pre-commit is configured, and git does not run it."""
    if facts.hooks_wanted and not facts.hook_runs:
        what = "its hooks are not installed in this clone: nothing is checked before a commit"
        yield CheckFinding(".pre-commit-config.yaml", what, "pre-commit install, or prek install")


def no_merge_driver(facts: SetupFacts) -> Iterator[CheckFinding]:
    """Git merges `dvc.lock` line by line, and not stage by stage."""
    if facts.lacks_merge_driver:
        what = f"names the merge driver {MERGE_DRIVER} for dvc.lock, which this clone does not know: git merges lines"
        mend = f"git config merge.{MERGE_DRIVER}.driver {shlex.quote(MERGE_COMMAND)}"
        yield CheckFinding(".gitattributes", what, mend, FixKind.MERGE_DRIVER)


def missing_extras(facts: SetupFacts) -> Iterator[CheckFinding]:
    """What is not installed, and what it costs."""
    for extra in EXTRAS:
        if facts.installed is not None and extra.distribution not in facts.installed:
            what = f"extra {extra.name} is not installed: without it no {extra.lost}"
            yield CheckFinding("this Python", what, f'pip install "gitops-mlops[{extra.name}]"')


SETUP: tuple[DoctorCheck[SetupFacts], ...] = (
    DoctorCheck("git-too-old", Severity.ERROR, old_git),
    DoctorCheck("git-identity", Severity.ERROR, no_identity),
    DoctorCheck("config-missing", Severity.WARNING, no_configuration),
    DoctorCheck("config-invalid", Severity.ERROR, bad_configuration),
    DoctorCheck("lock-out-of-step", Severity.ERROR, lock_out_of_step),
    DoctorCheck("workflow-not-on-edited", Severity.WARNING, deaf_workflows),
    DoctorCheck("dvc-remote-missing", Severity.WARNING, no_dvc_remote),
    DoctorCheck("dvc-remote-unverified", Severity.WARNING, unverified_remote),
    DoctorCheck("large-file", Severity.WARNING, large_files),
    DoctorCheck("not-ignored", Severity.WARNING, not_ignored),
    DoctorCheck("merge-driver-missing", Severity.WARNING, no_merge_driver),
    DoctorCheck("artifact-unused", Severity.NOTE, unused_artifacts),
    DoctorCheck("hooks-not-installed", Severity.NOTE, hooks_not_installed),
    DoctorCheck("extra-missing", Severity.NOTE, missing_extras),
)


def _of_problem(problem: FileProblemLine) -> CheckFinding:
    line = f":{problem.line}:{problem.column}" if problem.line else ""
    what = f"{problem.where}: {problem.message}" if problem.where else problem.message
    return CheckFinding(f"{problem.path}{line}", what, problem.hint)
