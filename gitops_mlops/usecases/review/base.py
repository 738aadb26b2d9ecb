"""What a change is measured against: its base, and whether something is still what it was there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import ConfigError, MissingEvidence, UsageError
from gitops_mlops.domain.ports import DataStore, Repository, TrackedOutput
from gitops_mlops.domain.review.job import JobContext
from gitops_mlops.domain.review.review import ReviewedCommits
from gitops_mlops.domain.shortening import WORD, shorten

_DEEPEN = "git fetch --unshallow --tags (in actions/checkout: fetch-depth: 0)"


def commits_of(base: str | None, job: JobContext, repository: Repository) -> ReviewedCommits:
    """Which commits are reviewed; without a `base`, where the branch left the one that it goes to.

    Raises UsageError when that is not known, EvidenceMissing when the clone does not hold it.
    """
    try:
        found = _commits(base, job, repository)
        return found.model_copy(
            update={"branch": shorten(job.base, WORD), "branch_commit": shorten(job.base_commit, WORD)}
        )
    except MissingEvidence as error:
        if not repository.is_shallow():
            raise
        raise MissingEvidence(f"{error.message}, and the clone is shallow", where=error.where, hint=_DEEPEN) from None


def _commits(base: str | None, job: JobContext, repository: Repository) -> ReviewedCommits:
    here = repository.head()
    merge = here if here == job.merge else ""
    head = repository.resolve("HEAD^2") if merge else here
    if merge:
        _demand_merge_with(job.base, repository)
    if base is not None:
        return ReviewedCommits(base=repository.resolve(base), head=head, merge=merge)
    if merge:
        # What the trial merge was made with; the base of the event may be older.
        return ReviewedCommits(base=repository.resolve("HEAD^1"), head=head, merge=merge)
    return ReviewedCommits(base=_left(f"origin/{job.base}" if job.base else "origin/HEAD", repository), head=head)


def _demand_merge_with(branch: str, repository: Repository) -> None:
    """After a pull request was retargeted GitHub may give a trial merge with the old base for a while.

    Raises EvidenceMissing for that: its gates and its data are not those of the branch.
    """
    merged = repository.resolve("HEAD^1")
    if not branch or repository.merge_base(merged, f"origin/{branch}") == merged:
        return
    told = f"the trial merge is with {short_sha(merged)}, which is not a commit of {branch}"
    raise MissingEvidence(told, hint="push a commit to the pull request: git commit --allow-empty")


def _left(branch: str, repository: Repository) -> str:
    try:
        found = repository.merge_base("HEAD", branch)
    except MissingEvidence:
        hint = "--base main, or git remote set-head origin --auto"
        raise UsageError(f"the base is unknown: there is no {branch}", hint=hint) from None
    if found is None:
        raise MissingEvidence(f"the clone holds no commit that it shares with {branch}", hint="--base REV")
    return found


@dataclass(frozen=True)
class BaseState:
    """A commit: what it configured, recorded and declared, and which files are no longer what they were there."""

    commit: str
    config: Config | None
    outputs: Mapping[str, TrackedOutput]
    artifacts: Mapping[str, str]
    changed: frozenset[str]

    @classmethod
    def at(cls, commit: str, repository: Repository, store: DataStore) -> BaseState:
        """What a commit holds. A broken configuration there is none."""
        content = repository.read(commit, CONFIG_FILE)
        try:
            config = None if content is None else parse_config(content, f"{CONFIG_FILE} at {short_sha(commit)}")
        except ConfigError:
            config = None
        return cls(
            commit,
            config,
            store.outputs(commit),
            {artifact.name: artifact.path for artifact in store.artifacts(commit)},
            frozenset(repository.changed_files(commit)),
        )

    def has_same_files(self, paths: Iterable[str], now: Mapping[str, TrackedOutput]) -> bool:
        """Whether files hold what they held, by the digests that DVC records, or else by git."""
        return all(self._has_same(path, now) for path in paths)

    def _has_same(self, path: str, now: Mapping[str, TrackedOutput]) -> bool:
        old, new = _tracked(path, self.outputs), _tracked(path, now)
        if old is None and new is None:
            return path not in self.changed
        return old is not None and new is not None and (old.path, old.md5) == (new.path, new.md5)

    def has_same_code(self) -> bool:
        """Whether no Python file was changed; what code imports is not known, so that any may matter."""
        return not any(path.endswith(".py") for path in self.changed)


def _tracked(path: str, outputs: Mapping[str, TrackedOutput]) -> TrackedOutput | None:
    """What DVC tracks at a path, or the folder that it is in."""
    places = (path, *map(str, PurePosixPath(path).parents))
    return next((outputs[place] for place in places if place in outputs), None)


def has_same_model(name: str, head: Config, artifact: str, now: Mapping[str, TrackedOutput], past: BaseState) -> bool:
    """Whether a model's bytes, its data and its gates are those of a commit: measuring it tells nothing new."""
    then, model = past.config, head.models[name]
    if then is None or then.models.get(name) != model or past.artifacts.get(name) != artifact:
        return False
    datasets = [one for one in (model.evaluation.dataset, model.evaluation.train) if one]
    if any(then.datasets.get(one) != head.datasets.get(one) for one in datasets):
        return False
    own = [gate.metric for gate in model.gates if gate.metric in head.metrics]
    if any(then.metrics.get(metric) != head.metrics[metric] for metric in own):
        return False
    files = [artifact, *(head.datasets[one].path for one in datasets if one in head.datasets)]
    files += [path for path in (model.predictions, model.evaluation.seeds) if path]
    files += [model.input.partition(":")[0]] if model.input else []
    runs_code = bool(own or model.loader)
    return past.has_same_files(files, now) and not (runs_code and not past.has_same_code())
