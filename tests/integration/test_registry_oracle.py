"""The oracle: thousands of random tag histories, read by GTO and by us.

Every artifact of a repository is a history of its own, so that one call of GTO answers for a hundred of them. What
is left out on purpose are the places where GTO contradicts itself or gives up: test_registry_divergences.py.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import gto.config
import gto.index
import gto.registry
import pytest

from gitops_mlops.domain.registry.tags import TagAction
from tests.conftest import Repo
from tests.integration.registry_histories import (
    NAMES,
    Tag,
    history,
    ours,
    overview,
    shown_by_gto,
    told,
    told_by_gto,
    with_commits,
    write,
)

BATCHES = 30
IN_A_BATCH = 100


@pytest.fixture
def empty_history(tmp_path: Path) -> tuple[Repo, list[str]]:
    """A repository of its own: each batch is a pack, and GTO looks for every tag in all of them."""
    return with_commits(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def gto_reads_its_settings_once() -> Iterator[None]:
    """It reads `.gto` for every artifact, which is most of its time; there is none here."""
    once = functools.cache(gto.config.read_registry_config)
    with pytest.MonkeyPatch.context() as patch:
        for module in (gto.config, gto.index, gto.registry):
            patch.setattr(module, "read_registry_config", once)
        yield


def differences(repo: Repo, commits: Sequence[str], tags: Sequence[Tag]) -> list[str]:
    """Where GTO and we read the tags differently, by artifact."""
    write(repo, commits, tags)
    registry = ours(repo.root)
    found = []
    for deprecated in (False, True):
        mine, theirs = overview(registry, deprecated), shown_by_gto(repo.root, deprecated)
        # Of a retired model GTO tells what it had: test_a_retired_model_has_nothing_in_use.
        theirs = {name: model if model["active"] else mine.get(name) for name, model in theirs.items()}
        found += [
            f"show {name}: {mine.get(name)}, GTO: {theirs.get(name)}"
            for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name)
        ]
    here, there = told(registry), told_by_gto(repo.root)
    found += [f"history: {event}" for event in sorted({*here} ^ {*there}, key=repr)]
    if [event[0] for event in here] != [event[0] for event in there]:
        found.append("history: another order")
    return found


def smallest(repo: Repo, commits: Sequence[str], tags: Sequence[Tag]) -> list[Tag]:
    """The tags without all that the difference does not need, for whoever has to understand it."""
    kept = list(tags)
    for size in (len(kept) // 4, len(kept) // 16, 1):
        for start in range(len(kept) - 1, -1, -max(size, 1)):
            fewer = kept[: max(start - size + 1, 0)] + kept[start + 1 :]
            if fewer != kept and differences(repo, commits, fewer):
                kept = fewer
    return kept


@pytest.mark.parametrize("batch", range(BATCHES))
def test_any_history_reads_as_gto_reads_it(empty_history: tuple[Repo, list[str]], batch: int) -> None:
    repo, commits = empty_history
    random = Random(batch)
    tags = [tag for number in range(IN_A_BATCH) for tag in history(random, NAMES[number % len(NAMES)].format(number))]
    assert len({tag.artifact for tag in tags}) > IN_A_BATCH * 0.9
    if found := differences(repo, commits, tags):
        few = smallest(repo, commits, tags)
        pytest.fail("\n".join([*differences(repo, commits, few), *map(repr, few), f"(of {len(found)} in all)"]))


def test_the_oracle_sees_a_difference(empty_history: tuple[Repo, list[str]]) -> None:
    """Two assignments in one second are read differently on purpose: found, and cut down to what it takes."""
    repo, commits = empty_history
    tags = [Tag(0, "m", TagAction.REGISTER, 0, "v1.0.0"), Tag(1, "m", TagAction.REGISTER, 1, "v1.10.0")]
    tags += [Tag(5, "m", TagAction.ASSIGN, commit, stage="prod", number=3 + commit) for commit in (0, 1)]
    others = [tag for number in range(4) for tag in history(Random(number), f"m{number}")]
    assert differences(repo, commits, others) == []
    assert smallest(repo, commits, [*others, *tags]) == tags[2:]


@pytest.mark.parametrize("seed", range(3))
def test_histories_hold_what_they_should(seed: int) -> None:
    """Every action, shared seconds, names with and without a number."""
    tags = [tag for number in range(30) for tag in history(Random(f"{seed}-{number}"), "m")]
    assert {tag.action for tag in tags} == {*TagAction} - {TagAction.CREATE}
    assert {bool(tag.number) for tag in tags} == {True, False}
    assert len({(tag.second, tag.commit) for tag in tags}) < len(tags)
