"""Random tag histories, and the registry that GTO and we make of them, in the same words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import gto.api

from gitops_mlops.adapters.git.repository import GitRepository
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.tags import TagAction
from tests.conftest import Repo

# An hour after the commits: to GTO a commit is an event too, and would revive what was retired before it.
START = 1_767_229_200
# In the order of SemVer 2.0.0's own example, and what is easily taken for a number or a word.
VERSIONS = (
    *("v0.0.1", "v0.0.2", "v0.0.10", "v1.0.0-0.3.7", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta"),
    *("v1.0.0-beta", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.9.0+build.5", "v1.10.0"),
    *("v2.0.0-rc.1+exp.sha.5114f85", "v2.0.0", "v10.0.0"),
)
COMMITS = 6
STAGES = ("prod", "dev", "a/b-c_d")
NAMES = ("m{}", "team/a=m{}", "data/x.y=m{}", "M-{}_x/y")


class Tag(NamedTuple):
    """One tag to be: `number` is its counter, 0 for none."""

    second: int
    artifact: str
    action: TagAction
    commit: int
    version: str = ""
    stage: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        number = f"#{self.number}" if self.number else ""
        match self.action:
            case TagAction.REGISTER:
                return f"{self.artifact}@{self.version}{number}"
            case TagAction.DEREGISTER:
                return f"{self.artifact}@{self.version}!{number}"
            case TagAction.ASSIGN:
                return f"{self.artifact}#{self.stage}{number}"
            case TagAction.UNASSIGN:
                return f"{self.artifact}#{self.stage}!{number}"
            case _:
                return f"{self.artifact}@deprecated{number}"


def history(random: Random, artifact: str) -> list[Tag]:
    """Some tags of an artifact in any order, with many that share a second; each commit has one version or none."""
    versions = random.sample(VERSIONS, COMMITS - 1)
    actions = (
        *(TagAction.REGISTER, TagAction.REGISTER, TagAction.DEREGISTER),
        *(TagAction.ASSIGN, TagAction.ASSIGN, TagAction.UNASSIGN),
        *((TagAction.DEPRECATE,) if random.random() < 0.3 else ()),
    )
    tags: dict[str, Tag] = {}
    for number in range(1, random.randint(2, 20)):
        action = random.choice(actions)
        staged = action in (TagAction.ASSIGN, TagAction.UNASSIGN)
        commit = random.randrange(COMMITS if staged else COMMITS - 1)
        named = action in (TagAction.REGISTER, TagAction.DEREGISTER)
        tag = Tag(
            random.randint(0, 15),
            artifact,
            action,
            commit,
            versions[commit] if named else "",
            random.choice(STAGES) if staged else "",
            number if random.random() < 0.6 else 0,
        )
        tags.setdefault(tag.name, tag)
    return within_gto_s_means(tags.values())


def within_gto_s_means(tags: Iterable[Tag]) -> list[Tag]:
    """Those that GTO answers for by its own rules; each of the others has a test of its own."""
    tags = list(tags)
    registered = {tag.commit for tag in tags if tag.action is TagAction.REGISTER}
    moments: dict[tuple[str, int], int] = {}
    kept = []
    for tag in tags:
        if tag.action in (TagAction.DEREGISTER, TagAction.UNASSIGN) and tag.commit not in registered:
            continue
        if tag.action is TagAction.ASSIGN and moments.setdefault((tag.stage, tag.second), tag.commit) != tag.commit:
            continue
        kept.append(tag)
    return kept


def with_commits(root: Path) -> tuple[Repo, list[str]]:
    """A repository with commits and no tag."""
    repo = Repo(root)
    repo.git("init", "--quiet")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.org")
    return repo, [repo.commit(str(number)) for number in range(COMMITS)]


def write(repo: Repo, commits: Sequence[str], tags: Iterable[Tag]) -> None:
    """Replace every tag of the repository, by two git processes."""
    old = repo.git("for-each-ref", "--format=delete %(refname)", "refs/tags")
    subprocess.run(["git", "update-ref", "--stdin"], cwd=repo.root, input=old.encode(), check=True)
    new = "".join(
        f"tag {tag.name}\nfrom {commits[tag.commit]}\n"
        f"tagger Ada <ada@example.org> {START + tag.second} +0000\ndata 4\nnote\n"
        for tag in tags
    )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=repo.root,
        input=new.encode(),
        check=True,
        capture_output=True,
    )


def ours(root: Path) -> Registry:
    return Registry.from_tags(GitRepository(root).tags())


def overview(registry: Registry, deprecated: bool) -> dict[str, Any]:
    """Our state in the words of `gto show --json`."""
    names = {event.artifact for event in registry.events()}
    active = registry.artifacts()
    shown = sorted(names) if deprecated else active
    used = sorted({stage for name in names for stage in registry.assignments(name)})
    state = {}
    for name in shown:
        latest, held = registry.latest(name), registry.assignments(name)
        state[name] = {
            "version": latest.version if latest else None,
            "stage": {
                stage: (held[stage].version or held[stage].commit) if stage in held else None for stage in used
            },
            "registered": True,
            "active": name in active,
        }
    return state


def told(registry: Registry) -> list[tuple[Any, ...]]:
    """Our history in the words of `gto history --json`."""
    return [
        (
            event.created.timestamp(),
            event.artifact,
            str(event.action),
            event.version or (event.commit if event.stage else None),
            event.stage,
            event.commit,
            event.author,
            event.message.strip(),
            event.tag,
        )
        for event in registry.events()
    ]


def told_by_gto(root: Path) -> list[tuple[Any, ...]]:
    keys = ("artifact", "event", "version", "stage", "commit", "author", "message", "ref")
    return [(event["timestamp"].timestamp(), *(event[key] for key in keys)) for event in gto.api.history(str(root))]


def shown_by_gto(root: Path, deprecated: bool) -> dict[str, Any]:
    """GTO lists a stage as a column even when only a retired artifact, which it hides, has it."""
    state = gto.api.show(str(root), deprecated=deprecated)
    used = {stage for model in state.values() for stage, version in model["stage"].items() if version}
    return {
        name: {**model, "stage": {stage: version for stage, version in model["stage"].items() if stage in used}}
        for name, model in state.items()
    }
