from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.durations import span
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.registry.comparison_evidence import RELEASABLE, verdict_refusals
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.promotion import PromotionProposal, refusals
from gitops_mlops.domain.registry.registry import RegisteredVersion, Registry
from gitops_mlops.domain.registry.tags import TagRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600
MLOPS = """\
version: 1
datasets:
  rows: {{path: data/rows.csv}}
models:
  m:
    task: binary-classification
    evaluation: {{dataset: rows, target: y}}
    gates:
      - {{metric: roc_auc, rule: non-inferior, margin: 0.01}}
      - {{metric: roc_auc, min: 0.6}}
  price:
    task: regression
    evaluation: {{dataset: rows, target: y}}
    gates: [{{metric: mae, max: 1}}]
environments:
  staging: {{port: {{m: 8081}}}}
  production:
    port: {{m: 8080}}
    after: staging
    promotion: {promotion}
"""
GOOD = (
    ("Model-SHA256", "b" * 64),
    ("Verdict", "pass"),
    ("Metric", "roc_auc=0.75 [0.72, 0.78] champion=0.74"),
    ("Gate", "roc_auc non-inferior=pass"),
    ("Gate", "roc_auc min=pass"),
)


def config(promotion: str = "{}") -> Config:
    return parse_config(MLOPS.format(promotion=promotion))


def record(name: str, commit: str, hours: float, trailers: Iterable[tuple[str, str]] = ()) -> TagRecord:
    seconds = int((START + timedelta(hours=hours)).timestamp())
    return TagRecord(name, commit, True, seconds, "Ada", write_message(name, trailers))


def history(*tags: TagRecord, trailers: Iterable[tuple[str, str]] = GOOD) -> Registry:
    """v1.0.0 at commit a is in production since hour 1, v2.0.0 at commit b came to staging at hour 10."""
    return Registry.from_tags(
        [
            record("m@v1.0.0", "a", 0, [("Model-SHA256", "a" * 64)]),
            record("m#staging#1", "a", 0.5),
            record("m#production#2", "a", 1, [("Model-SHA256", "a" * 64)]),
            record("m@v2.0.0", "b", 9, trailers),
            record("m#staging#3", "b", 10),
            *tags,
        ]
    )


def against(
    promotion: str, registry: Registry | None = None, hours: float = 12, version: str = "v2.0.0"
) -> list[str]:
    """What stands against the version in production, each as text."""
    made = registry or history()
    found = made.version("m", version)
    assert isinstance(found, RegisteredVersion)
    proposal = PromotionProposal(made, found, "production", found.evidence, START + timedelta(hours=hours))
    return [" | ".join(refusal) for refusal in refusals(proposal, config(promotion))]


def test_without_a_policy_only_the_order_counts() -> None:
    assert against("{}") == []
    unstaged = Registry.from_tags([record("m@v2.0.0", "b", 9)])
    assert against("{}", unstaged) == [
        "production comes after staging | staging holds no version | gitops-mlops promote m@v2.0.0 staging"
    ]


@pytest.mark.parametrize(
    ("gate", "seen"),
    [("pass", None), ("warn", "warn"), ("block", "block"), (None, "not evaluated")],
)
def test_a_gate_must_have_been_evaluated_and_passed(gate: str | None, seen: str | None) -> None:
    trailers = [("Gate", f"roc_auc non-inferior={gate}")] if gate else []
    found = against("{gates: [roc_auc non-inferior]}", history(trailers=trailers))
    expected = f"gate roc_auc non-inferior | {seen} | a version whose comparison passes it"
    assert found == ([expected] if seen else [])


def test_a_gate_with_two_results_did_not_pass() -> None:
    twice = [("Gate", "roc_auc min=pass"), ("Gate", "roc_auc min=block")]
    assert "block and pass" in against("{gates: [roc_auc min]}", history(trailers=twice))[0]


def test_gates_and_metrics_of_another_model_are_not_asked_for() -> None:
    assert against("{gates: [mae max], metrics: [{metric: mae, max: 1}]}") == []


def test_a_model_that_the_configuration_does_not_know_is_asked_for_everything() -> None:
    made = Registry.from_tags([record("other@v1.0.0", "b", 9), record("other#staging#1", "b", 10)])
    found = made.version("other", "v1.0.0")
    assert found is not None
    proposal = PromotionProposal(made, found, "production", found.evidence, START + timedelta(hours=11))
    rules = config("{gates: [mae max], metrics: [{metric: mae, max: 1}]}")
    assert [refusal.observed for refusal in refusals(proposal, rules)] == ["not evaluated", "not recorded"]


@pytest.mark.parametrize(
    ("metric", "demand", "seen"),
    [
        ("roc_auc=0.75 [0.72, 0.78]", "min: 0.72", None),
        ("roc_auc=0.75 [0.72, 0.78]", "min: 0.73", "0.75 [0.72, 0.78]"),
        ("log_loss=0.4 [0.39, 0.41]", "max: 0.41", None),
        ("log_loss=0.4 [0.39, 0.41]", "max: 0.405", "0.4 [0.39, 0.41]"),
        ("roc_auc=0.75", "min: 0.7", "0.75 without an interval"),
        ("roc_auc=0.75 [0.72, 1e999]", "min: 0.7, max: 0.9", "0.75 without an interval"),
        ("roc_auc=nan [nan, nan]", "min: 0.7", "not recorded"),
        ("other=0.75 [0.72, 0.78]", "min: 0.7", "not recorded"),
    ],
)
def test_a_metric_keeps_its_bound_with_its_whole_interval(metric: str, demand: str, seen: str | None) -> None:
    name = "log_loss" if metric.startswith("log_loss") else "roc_auc"
    found = against(f"{{metrics: [{{metric: {name}, {demand}}}]}}", history(trailers=[("Metric", metric)]))
    assert [text.split(" | ")[1] for text in found] == ([seen] if seen else [])


def test_a_metric_that_is_recorded_twice_counts_as_missing() -> None:
    twice = [("Metric", "roc_auc=0.5 [0.4, 0.6]"), ("Metric", "roc_auc=0.9 [0.8, 1.0]")]
    assert against("{metrics: [{metric: roc_auc, min: 0.3}]}", history(trailers=twice)) == [
        "roc_auc at least 0.3 | recorded twice | at least 0.3 at the lower end of its interval"
    ]


def test_cooldown_counts_from_the_last_change_of_the_stage() -> None:
    assert against("{cooldown: 11h}", hours=12) == []
    assert against("{cooldown: 1d}", hours=12.5) == [
        "cooldown of 1d | production changed 11h 30m ago (m#production#2)"
        " | wait 12h 30m, or roll back, which need not wait"
    ]
    emptied = history(record("m#production!#4", "a", 11))
    assert "changed 1h ago (m#production!#4)" in against("{cooldown: 2h}", emptied)[0]
    assert "in the future of this machine's clock" in against("{cooldown: 2h}", hours=0)[0]


def test_a_stage_that_never_changed_needs_no_cooldown() -> None:
    made = Registry.from_tags([record("m@v2.0.0", "b", 9, GOOD), record("m#staging#1", "b", 10)])
    assert against("{cooldown: 365d}", made) == []


def test_soak_is_the_time_that_the_stage_before_held_the_version() -> None:
    assert against("{soak: 2h}", hours=12) == []
    assert against("{soak: 2h}", hours=11.75) == ["2h in staging | v2.0.0 was in staging for 1h 45m | wait 15m"]
    away = history(record("m#staging#4", "a", 10.5), record("m#staging!#5", "a", 11.5))
    # When v1 leaves, staging goes back to v2: 30 minutes before, 30 minutes since.
    assert against("{soak: 1h}", away, hours=12) == []
    assert against("{soak: 2h}", away, hours=12) == ["2h in staging | v2.0.0 was in staging for 1h | wait 1h"]
    gone = history(record("m#staging#4", "a", 10.5))
    assert against("{soak: 2h}", gone, hours=99) == [
        "2h in staging | v2.0.0 was in staging for 30m | gitops-mlops promote m@v2.0.0 staging, then wait 1h 30m"
    ]
    assert "for 0s" in against("{soak: 2h}", hours=3)[0]


def test_the_model_file_must_have_changed() -> None:
    assert against("{only-if-changed: true}") == []
    same = history(trailers=[("Model-SHA256", "a" * 64)])
    assert against("{only-if-changed: true}", same) == [
        "only if the model file changed | production holds the same file as v1.0.0 (SHA-256 aaaaaaaaaa)"
        " | a version with another model file"
    ]
    assert "v2.0.0 has no Model-SHA256" in against("{only-if-changed: true}", history(trailers=[]))[0]


def test_what_a_stage_holds_must_say_which_file_it_is() -> None:
    unknown = Registry.from_tags(
        [
            record("m#production#1", "0123456789abcdef", 0),
            record("m@v2.0.0", "b", 9, GOOD),
            record("m#staging#2", "b", 10),
        ]
    )
    assert "0123456789 in production has no Model-SHA256" in against("{only-if-changed: true}", unknown)[0]


def test_verdicts() -> None:
    assert verdict_refusals("warn") == ()
    assert [tuple(one) for one in verdict_refusals("warn", ("pass",))] == [
        ("verdict", "warn", "a comparison that ends in pass")
    ]
    assert verdict_refusals("block", RELEASABLE)


RULES: dict[str, list[Any]] = {
    "gates": [["roc_auc min"], ["roc_auc min", "roc_auc non-inferior"]],
    "metrics": [
        [{"metric": "roc_auc", "min": 0.7}],
        [{"metric": "roc_auc", "min": 0.73}],
        [{"metric": "roc_auc", "min": 0.7}, {"metric": "log_loss", "max": 0.5}],
    ],
    "cooldown": ["1h", "12h", "2d"],
    "soak": ["30m", "3h"],
    "only-if-changed": [True],
}
trailer_sets = st.lists(
    st.sampled_from(
        [
            *GOOD,
            ("Model-SHA256", "a" * 64),
            ("Gate", "roc_auc min=warn"),
            ("Metric", "roc_auc=0.9"),
            ("Metric", "log_loss=0.4 [0.3, 0.6]"),
        ]
    ),
    unique=True,
)


@given(
    chosen=st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in RULES.items()}),
    added=st.sampled_from(sorted(RULES)).flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(RULES[key]))),
    trailers=trailer_sets,
    hours=st.floats(0, 72),
)
def test_adding_a_rule_never_lets_more_in(
    chosen: dict[str, Any], added: tuple[str, Any], trailers: list[tuple[str, str]], hours: float
) -> None:
    key, value = added
    if key in chosen and isinstance(value, list):
        value = [*chosen[key], *value]
    elif key in chosen:
        value = chosen[key]
    before = against(json.dumps(chosen), history(trailers=trailers), hours)
    after = against(json.dumps({**chosen, key: value}), history(trailers=trailers), hours)
    assert set(before) <= set(after)


@pytest.mark.parametrize(
    ("promotion", "message"),
    [
        ("{verdicts: []}", "at least 1 entries"),
        ("{verdicts: [block]}", "one of pass, warn"),
        ("{gates: [roc_auc mon]}", "no model has a gate 'roc_auc mon' → perhaps you meant 'roc_auc min'"),
        ("{metrics: [{metric: rocauc, min: 1}]}", "no metric is called 'rocauc' → perhaps you meant 'roc_auc'"),
        ("{metrics: [{metric: accuracy}]}", "give it a min or a max"),
        ("{metrics: [{metric: accuracy, min: 2, max: 1}]}", "min is greater than max"),
        ("{cooldown: soon}", "not a duration"),
        ("{cooldown: -1}", "at least 0"),
        ("{approvals: {}}", "no approval is required"),
        ("{approvals: {reviews: 0}}", "between 1 and 100"),
        ("{approvals: {reviews: two}}", "a whole number"),
        ("{approvals: {signed-by: {}}}", "no signer is allowed"),
        ("{approvals: {signed-by: {ssh: ../keys}}}", "leaves the repository"),
        ("{approvals: {signed-by: {openpgp: [ada]}}}", "not a fingerprint"),
        ("{cool-down: 1d}", "perhaps you meant 'cooldown'"),
    ],
)
def test_a_policy_that_means_nothing(promotion: str, message: str) -> None:
    with pytest.raises(ConfigError, match="promotion") as found:
        config(promotion)
    assert message in str(found.value)


def test_soak_needs_a_stage_before() -> None:
    text = MLOPS.format(promotion="{}").replace("{port: {m: 8081}}", "{port: {m: 8081}, promotion: {soak: 1h}}")
    with pytest.raises(ConfigError, match="there is no stage before to soak in → say which with after:"):
        parse_config(text)


def test_a_fingerprint_may_have_spaces() -> None:
    spaced = "AAAA BBBB CCCC DDDD EEEE  ffff 0000 1111 2222 3333"
    made = config(f"{{approvals: {{signed-by: {{openpgp: ['{spaced}']}}}}}}").environments["production"].promotion
    assert made.approvals is not None
    assert made.approvals.signed_by is not None
    assert made.approvals.signed_by.openpgp == (spaced.replace(" ", "").upper(),)


@pytest.mark.parametrize(
    ("seconds", "down", "up"),
    [
        (0, "0s", "0s"),
        (59.5, "59s", "1m"),
        (60, "1m", "1m"),
        (3600, "1h", "1h"),
        (7197, "1h 59m", "2h"),
        (90061, "1d 1h", "1d 2h"),
        (86399, "23h 59m", "1d"),
        (86400 * 400 + 60, "400d", "400d 1h"),
    ],
)
def test_spans(seconds: float, down: str, up: str) -> None:
    assert span(seconds) == down
    assert span(seconds, up=True) == up
