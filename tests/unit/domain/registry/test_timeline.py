"""One replay of tag events: whatever happened to a model, its stays, its soak, its lineage and its state agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.lineage.graph import VersionFacts, version_graph
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.evidence import VersionEvidence
from gitops_mlops.domain.registry.promotion import PromotionProposal, refusals
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry, RegistryEvent, Timeline
from gitops_mlops.domain.registry.tags import TagRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("staging", "production")
COMMITS = "abcd"
Tags = list[TagRecord]


def tag(name: str, commit: str, seconds: float) -> TagRecord:
    return TagRecord(name, commit, True, int(START.timestamp() + seconds), "Ada", f"{name}\n")


# The last commit never has a version; a version may be registered again at another commit.
events = st.one_of(
    st.builds("m@v{}.0.0{}".format, st.integers(0, 2), st.sampled_from(["", "", "!"])),
    st.builds("m#{}{}".format, st.sampled_from(STAGES), st.sampled_from(["", "", "!"])),
    st.sampled_from(["m@deprecated", "m@created"]),
)
stories = st.lists(st.tuples(events, st.sampled_from(COMMITS), st.integers(0, 2)), max_size=20)


@st.composite
def histories(draw: st.DrawFn) -> Tags:
    """Tags in the order of their names, several of them in one second."""
    tags, second = [], 0
    for number, (name, commit, pause) in enumerate(draw(stories), start=1):
        second += pause
        home = COMMITS[int(name[3])] if name.startswith("m@v") and draw(st.booleans()) else commit
        tags.append(tag(f"{name}#{number}", "c" if name.startswith("m@v") and home == "d" else home, second))
    return tags


def config(promotion: str) -> Config:
    return parse_config(
        "version: 1\ndatasets: {rows: {path: rows.csv}}\nmodels:\n  m:\n    task: regression\n"
        "    evaluation: {dataset: rows, target: y}\n    gates: [{metric: mae, max: 1}]\nenvironments:\n"
        f"  staging: {{port: 8081}}\n  production: {{port: 8080, after: staging, promotion: {{{promotion}}}}}\n"
    )


CONFIG = config("soak: 0")


def with_soak(seconds: int) -> Config:
    environment = CONFIG.environments["production"]
    policy = environment.promotion.model_copy(update={"soak": seconds})
    changed = environment.model_copy(update={"promotion": policy})
    return CONFIG.model_copy(update={"environments": {**CONFIG.environments, "production": changed}})


def against(registry: Registry, version: RegisteredVersion, now: datetime, rules: Config) -> tuple[RuleRefusal, ...]:
    """What stands against the version in production."""
    return refusals(PromotionProposal(registry, version, "production", VersionEvidence(""), now), rules)


def shown_seconds(facts: Mapping[str, object], now: datetime) -> float:
    ends = (datetime.fromisoformat(str(end)) for end in (facts["left"], now.isoformat()) if end)
    return max(0.0, (min(ends) - datetime.fromisoformat(str(facts["entered"]))).total_seconds())


@given(histories())
def test_after_every_second_the_open_stays_are_what_the_stages_hold(tags: Tags) -> None:
    timeline = Registry.from_tags(tags).timeline("m")
    seen: Tags = []
    for seconds, group in groupby(tags, key=lambda each: each.seconds):
        seen += group
        then = datetime.fromtimestamp(seconds or 0, UTC)
        open_then = {
            stay.stage: stay.commit
            for stay in timeline.stays
            if stay.entered <= then and (stay.left is None or stay.left > then)
        }
        held = Registry.from_tags(seen).assignments("m")
        assert open_then == {stage: each.commit for stage, each in held.items()}


class Thorough(Timeline):
    """Looks at every stage after every event."""

    def _touched(self, event: RegistryEvent) -> Collection[str]:
        return {*self.live, *filter(None, [event.stage])}


@given(histories())
def test_the_stages_that_an_event_may_change_are_all_that_it_changes(tags: Tags) -> None:
    events = sorted(Registry.from_tags(tags).events("m"))
    assert Timeline(events).stays == Thorough(events).stays


@given(histories())
def test_a_stage_has_one_version_at_a_time(tags: Tags) -> None:
    timeline = Registry.from_tags(tags).timeline("m")
    for stage in STAGES:
        stays = timeline.stays_in(stage)
        assert all(stay.left is None or stay.entered <= stay.left for stay in stays)
        for one, following in pairwise(stays):
            assert one.left is not None
            assert one.left <= following.entered
            assert one.commit != following.commit or one.ended != following.tag


@given(histories(), st.integers(0, 45))
def test_the_soak_is_the_sum_of_the_stays_that_lineage_shows(tags: Tags, later: int) -> None:
    """Second by second from the state alone, by the stays, in the graph of lineage, and as a promotion asks."""
    registry, now = Registry.from_tags(tags), START + timedelta(seconds=later)
    states = [registry.until(START + timedelta(seconds=second)) for second in range(later)]
    for version in registry.versions("m"):
        held = [state.assignment("m", "staging") for state in states]
        soak = sum(each is not None and each.commit == version.commit for each in held)
        timeline = registry.timeline("m")
        assert timeline.seconds_in("staging", version.commit, now) == soak
        stays = tuple(stay for stay in timeline.stays if stay.commit == version.commit)
        graph = version_graph(VersionFacts(version, stays=stays))
        shown = [node.facts for node in graph.nodes.values() if node.label == "#staging"]
        assert soak == sum(shown_seconds(facts, now) for facts in shown)
        for needed in (soak, soak + 1):
            found = {each.rule for each in against(registry, version, now, with_soak(needed))}
            assert (f"{needed}s in staging" in found) == (needed > soak), found
            # Where the lineage shows a stay, the order of stages is kept, and the other way round.
            assert ("production comes after staging" in found) == (not timeline.stays_in("staging", version.commit))


def test_a_version_that_was_out_of_use_did_not_soak() -> None:
    """An hour in staging, ten days deregistered, and five minutes since it was registered again."""
    hour = 3600
    tags = [tag("m@v1.0.0", "a", 0), tag("m#staging#1", "a", hour), tag("m@v1.0.0!", "a", 2 * hour)]
    registry = Registry.from_tags([*tags, tag("m@v1.0.0#5", "a", 242 * hour)])
    version, now = registry.versions("m")[0], START + timedelta(seconds=242 * hour + 300)
    (refusal,) = against(registry, version, now, config("soak: 2d"))
    assert refusal.observed == "v1.0.0 was in staging for 1h 5m"
    # The tag that counts is of hour 1, the stay began when the version came back.
    held = registry.assignment("m", "staging")
    assert held is not None
    assert (held.created, held.since) == (START + timedelta(hours=1), START + timedelta(hours=242))


def test_a_cooldown_begins_when_a_version_falls_out_of_a_stage() -> None:
    """Nobody assigned anything: production lost v2 and fell back to v1."""
    tags = [tag("m@v1.0.0", "a", 0), tag("m@v2.0.0", "b", 1), tag("m@v3.0.0", "c", 2), tag("m#staging#9", "c", 3)]
    tags += [tag("m#production#1", "a", 10), tag("m#production#2", "b", 20), tag("m@v2.0.0!", "b", 5000)]
    registry, now = Registry.from_tags(tags), START + timedelta(seconds=5060)
    (refusal,) = against(registry, registry.versions("m")[0], now, config("cooldown: 1h"))
    assert refusal.observed == "production changed 1m ago (m@v2.0.0!)"


def test_two_stays_that_begin_in_one_second_are_two_in_the_graph() -> None:
    tags = [
        tag("m@v1.0.0", "a", 0),
        tag("m@v2.0.0", "b", 1),
        *(tag(f"m#staging#{n}", c, 5) for n, c in enumerate("aba")),
    ]
    registry = Registry.from_tags(tags)
    stays = tuple(registry.timeline("m").stays_in("staging", "a"))
    graph = version_graph(VersionFacts(registry.versions("m")[1], stays=stays))
    assert [node.facts["left"] is None for node in graph.nodes.values() if node.label == "#staging"] == [False, True]
