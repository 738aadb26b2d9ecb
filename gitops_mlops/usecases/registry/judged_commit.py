"""Which commit's gates a release is judged by: those of the last commit of the branch that was judged before.

One push may lower the gates in a commit and bring the model in the next, or both in one. So neither the commit's own
gates nor those of its parent count, but those that were there when the last release looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gitops_mlops.domain.comparison.gates import gate_changes
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import CONFIG_FILE, Config
from gitops_mlops.domain.digests import short_sha
from gitops_mlops.domain.errors import ConfigError, MlopsError
from gitops_mlops.domain.lineage.openlineage import release_lines, release_run
from gitops_mlops.domain.ports import Ledger, Repository
from gitops_mlops.domain.registry.ledger import RELEASE, LedgerEvent
from gitops_mlops.domain.registry.release import GateEdit, Judgement, Release
from gitops_mlops.domain.registry.tags import TagAction
from gitops_mlops.domain.shortening import TEXT, shorten
from gitops_mlops.usecases.lineage.ledger import read_ledger


def last_judged(repository: Repository, ledger: Ledger, head: Config, push: bool) -> Judgement:
    """The last commit before HEAD that a release judged; where none is recorded, the last that was registered.

    Raises OutsideError when the ledger of the remote cannot be seen: who does not know judges nothing.
    """
    if push:
        ledger.fetch()
    commit = repository.head()
    events, _ = read_ledger(ledger)
    for kind in (RELEASE, str(TagAction.REGISTER)):
        told = [event.commit for event in reversed(events) if event.kind == kind]
        if found := next(_before(told, commit, repository), None):
            return _judgement(found, head, repository)
    return Judgement("", head)


def _before(commits: Iterable[str], head: str, repository: Repository) -> Iterator[str]:
    distinct = dict.fromkeys(commits)
    here = repository.known_commits(distinct)
    return (one for one in distinct if one in here and one != head and repository.is_ancestor(one, head))


def _judgement(commit: str, head: Config, repository: Repository) -> Judgement:
    content = repository.read(commit, CONFIG_FILE)
    try:
        then = None if content is None else parse_config(content, f"{CONFIG_FILE} at {short_sha(commit)}")
    except ConfigError:
        # It was judged by a version of ours that could read it.
        then = None
    if then is None:
        return Judgement(commit, head)
    edits = [
        GateEdit(name, change)
        for name, model in head.models.items()
        if name in then.models
        for change in gate_changes(then.models[name], model)
    ]
    return Judgement(commit, head, frozenset(then.models), tuple(edits))


def record_release(release: Release, ledger: Ledger, now: datetime, push: bool) -> list[str]:
    """Let the ledger say that the commit was judged, once; what stood in the way, each a line."""
    events = []
    known = {(event.model, event.commit) for event in read_ledger(ledger)[0] if event.kind == RELEASE}
    for model in release.models:
        if (model.model, release.commit) not in known:
            version, reason = model.version or "", shorten(f"{model.result.value}: {model.reason}", TEXT)
            event = LedgerEvent(now, RELEASE, model.model, version, release.commit, reason=reason)
            events.append(event._replace(run=release_run(event)))
    try:
        lines: dict[str, list[str]] = {}
        for event in events:
            lines.setdefault(event.file, []).extend(release_lines(event))
        ledger.append(lines)
        if push and events:
            ledger.push()
    except MlopsError as error:
        return [f"the ledger does not record that {short_sha(release.commit)} was judged: {error}"]
    return []
