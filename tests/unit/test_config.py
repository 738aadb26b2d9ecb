from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_mlops.domain.config.metrics import METRICS, ModelTask, metrics_of
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.root import Config
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.domain.schemas import json_schema

GOOD = """\
version: 1
datasets:
  flights: {path: data/test.parquet, contract: contracts/flights.yaml}
models:
  delay:
    task: binary-classification
    trusted-types: trusted.yaml
    evaluation: {dataset: flights, target: delayed, slices: [carrier]}
    gates:
      - {metric: roc_auc, rule: non-inferior, margin: 1%}
      - {metric: recall, min: 0.6, per-slice: true, action: warn}
environments:
  staging: {port: 8081, health: {timeout: 30s}}
  production: {port: {delay: 8080}, after: staging}
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return [str(problem) for problem in caught.value.problems]


def test_what_people_write_is_read() -> None:
    config = parse_config(GOOD)
    gate, recall = config.models["delay"].gates
    assert (gate.margin.amount, gate.margin.relative) == (0.01, True)
    assert (recall.min, recall.per_slice, recall.action) == (0.6, True, "warn")
    assert config.environments["staging"].health.timeout == 30
    assert config.environments["staging"].port_of("delay") == 8081
    assert config.environments["production"].port_of("other") is None
    assert config.stages() == ["staging", "production"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "port: 8081",
            'port: "8081"',
            "mlops.yaml:13:13: environments.staging.port: must be a whole number between 1 and 65535,"
            " or a mapping, not '8081'",
        ),
        (
            "port: 8081",
            "port: true",
            "mlops.yaml:13:13: environments.staging.port: must be a whole number between 1 and 65535,"
            " or a mapping, not true",
        ),
        (
            "{delay: 8080}",
            "{delay: x}",
            "mlops.yaml:14:23: environments.production.port.delay: must be a whole number between 1 and 65535,"
            " not 'x'",
        ),
        (
            "{delay: 8080}",
            "{dealy: 8080}",
            "mlops.yaml:14:23: environments.production.port.dealy: no model is called 'dealy'"
            " → perhaps you meant 'delay'",
        ),
        (
            "30s",
            "30x",
            "mlops.yaml:13:34: environments.staging.health.timeout: '30x' is not a duration"
            " → write a number and s, m, h, d or w, as in 30s or 7d",
        ),
        (
            "30s",
            "-1",
            "mlops.yaml:13:34: environments.staging.health.timeout: must be a duration of at least 0,"
            " such as 30s or 7d, not -1",
        ),
        (
            "1%",
            "{a: 1}",
            "mlops.yaml:10:47: models.delay.gates[0].margin: a mapping is not a margin"
            " → write 0.005, or 1% for a share of the champion's value",
        ),
        (
            "1%",
            ".nan",
            "mlops.yaml:10:47: models.delay.gates[0].margin: must be an amount of at least 0 such as 0.005,"
            " or a share such as 1%, not NaN",
        ),
        (
            "min: 0.6",
            'min: "0.6"',
            "mlops.yaml:11:26: models.delay.gates[1].min: must be a number, not '0.6'",
        ),
        (
            "per-slice: true",
            "per-slice: yes",
            "mlops.yaml:11:36: models.delay.gates[1].per-slice: must be true or false, not 'yes'",
        ),
        (
            "binary-c",
            "binay-c",
            "mlops.yaml:6:5: models.delay.task: must be one of binary-classification, multiclass-classification,"
            " regression, ranking, forecasting, not 'binay-classification'"
            " → perhaps you meant 'binary-classification'",
        ),
        (
            "roc_auc",
            "roc-auc",
            "mlops.yaml:10:10: models.delay.gates[0].metric: no metric is called 'roc-auc'"
            " → perhaps you meant 'roc_auc'",
        ),
        (
            "roc_auc",
            "mae",
            "mlops.yaml:10:10: models.delay.gates[0].metric: mae is not defined for binary-classification"
            f" → choose from {', '.join(metrics_of(ModelTask.BINARY))}",
        ),
        (
            "[carrier]",
            "carrier",
            "mlops.yaml:8:53: models.delay.evaluation.slices: must be a list, not 'carrier'",
        ),
        (
            "target: delayed",
            "traget: delayed, target: x",
            "mlops.yaml:8:36: models.delay.evaluation.traget: unknown key 'traget' → perhaps you meant 'target'",
        ),
        (
            "dataset: flights",
            "dataset: flight",
            "mlops.yaml:8:18: models.delay.evaluation.dataset: no dataset is called 'flight'"
            " → perhaps you meant 'flights'",
        ),
        ("target: delayed, ", "", "mlops.yaml:8:5: models.delay.evaluation.target: this key is missing"),
        (
            "path: data/",
            "path: /data/",
            "mlops.yaml:3:13: datasets.flights.path: the path '/data/test.parquet' is not relative to the"
            " repository → write it relative to the repository's root",
        ),
        (
            "after: staging",
            "after: production",
            "mlops.yaml:14:37: environments.production.after: the order has a cycle: production after production"
            " → remove one after",
        ),
        (
            "{delay: 8080}",
            "8081",
            "mlops.yaml:14:16: environments.production.port: port 8081 of 127.0.0.1 is taken by staging"
            " → choose another port",
        ),
    ],
)
def test_each_mistake_is_one_sentence_with_its_line(old: str, new: str, says: str) -> None:
    assert old in GOOD
    assert problems_of(GOOD.replace(old, new, 1)) == [says]


def test_every_mistake_at_once() -> None:
    text = GOOD.replace("version: 1", "version: 2").replace("8081", "x").replace("0.6", "[1]").replace("30s", "~")
    assert [line.split(": ")[1] for line in problems_of(text)] == [
        "version",
        "models.delay.gates[1].min",
        "environments.staging.port",
        "environments.staging.health.timeout",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "mlops.yaml:1:1: must be a mapping, not a list"),
        ("hello", "mlops.yaml:1:1: must be a mapping, not 'hello'"),
        ("", "mlops.yaml: the file is empty"),
        ("# nothing\n", "mlops.yaml: the file is empty"),
        ("version: 1\nenvironments: {a: 3}", "mlops.yaml:2:16: environments.a: must be a mapping, not 3"),
        ("version: 1\nenvironments: {a: }", "mlops.yaml:2:16: environments.a: must be a mapping, not nothing"),
    ],
)
def test_what_is_no_configuration_at_all(text: str, says: str) -> None:
    assert problems_of(text) == [says]


def test_a_wildcard_host_meets_every_other() -> None:
    text = "version: 1\nenvironments:\n  a: {port: 8080, host: 0.0.0.0}\n  b: {port: 8080, host: 10.0.0.1}\n"
    assert problems_of(text) == [
        "mlops.yaml:4:7: environments.b.port: port 8080 of 10.0.0.1 is taken by a → choose another port"
    ]
    assert parse_config(text.replace("0.0.0.0", "10.0.0.2"))


def test_a_cycle_of_three_names_all_of_it() -> None:
    text = "version: 1\nenvironments:\n" + "".join(
        f"  {name}: {{port: {port}, after: {after}}}\n"
        for name, port, after in (("a", 1, "b"), ("b", 2, "c"), ("c", 3, "a"))
    )
    assert (
        "mlops.yaml:3:16: environments.a.after: the order has a cycle: a after b after c after a"
        in problems_of(text)[0]
    )


names = st.from_regex(r"[a-z][a-z0-9-]{0,6}[a-z0-9]", fullmatch=True)
durations = st.one_of(
    st.integers(0, 1000), st.floats(0, 1000), st.builds("{}{}".format, st.integers(0, 99), st.sampled_from("smhdw"))
)
margins = st.one_of(st.floats(0.001, 0.5), st.builds("{}%".format, st.integers(1, 50)))


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Configurations that mean something, in every form that people may write."""
    datasets = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    models = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    stages = draw(st.lists(names, max_size=3, unique=True))
    ports = iter(draw(st.permutations(range(8000, 8010))))
    bounds = st.floats(allow_nan=False, allow_infinity=False, width=32)

    def gate(task: ModelTask) -> dict[str, Any]:
        written = draw(st.sampled_from([name for name in metrics_of(task) if name != "mase"]))
        metric = {"metric": written.replace("[@K]", draw(st.sampled_from(["", "@10"]))).replace("QUANTILE", "0.9")}
        rule: dict[str, Any] = draw(
            st.sampled_from(
                [{"rule": "superior"}, {"rule": "non-inferior", "margin": draw(margins)}, {"min": draw(bounds)}]
            )
        )
        more: list[dict[str, Any]] = [{}, {"per-slice": True}, {"action": "warn"}]
        return {**metric, **rule, **draw(st.sampled_from(more))}

    def model() -> dict[str, Any]:
        task = draw(st.sampled_from(ModelTask))
        keys: dict[str, Any] = {}
        if task is ModelTask.RANKING:
            keys = {"query": "q"}
        elif task is ModelTask.FORECASTING:
            keys = {"time": "t", "horizon": 2}
        return {
            "task": str(task),
            "evaluation": {
                "dataset": draw(st.sampled_from(datasets)),
                "target": draw(st.text(max_size=5)),
                **keys,
            },
            "gates": [gate(task) for _ in range(draw(st.integers(1, 2)))],
        }

    def environment(index: int) -> dict[str, Any]:
        one = next(ports) if len(models) == 1 and draw(st.booleans()) else {name: next(ports) for name in models}
        after = {"after": stages[index - 1]} if index and draw(st.booleans()) else {}
        return {"port": one, "health": {"timeout": draw(durations)}} | after

    return {
        "version": 1,
        "datasets": {name: {"path": f"data/{name}.csv"} for name in datasets},
        "models": {name: model() for name in models},
        "environments": {name: environment(index) for index, name in enumerate(stages)},
    }


SCHEMA = json_schema("mlops")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


class Dumper(yaml.SafeDumper):
    """Quotes text with a digit: PyYAML, of YAML 1.1, leaves `0E0` plain, which is a number in 1.2."""


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style='"' if any(character.isdigit() for character in text) else None
    ),
)


@given(configurations())
def test_the_published_schema_accepts_what_we_accept(data: dict[str, Any]) -> None:
    text = yaml.dump(data, Dumper=Dumper, sort_keys=False)
    assert isinstance(parse_config(text), Config)
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


def _mappings(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths of mappings whose keys we define; those of `datasets`, `models`, ... are the user's own."""
    free = path in {("datasets",), ("models",), ("environments",)} or (path and path[-1] == "port")
    found = [path] if isinstance(data, dict) and not free else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found += _mappings(value, (*path, key))
    return found


@given(configurations(), st.data())
def test_one_unknown_key_is_one_problem_at_its_line(data: dict[str, Any], choose: st.DataObject) -> None:
    path = choose.draw(st.sampled_from(_mappings(data)))
    place = data
    for part in path:
        place = place[part]  # type: ignore[index]
    place["zz-unknown"] = choose.draw(st.sampled_from([1, "x", None, [1], {"a": 1}]))
    text = yaml.dump(data, Dumper=Dumper, sort_keys=False, width=1_000)
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    (problem,) = caught.value.problems
    assert problem.message == "unknown key 'zz-unknown'"
    assert "zz-unknown:" in text.splitlines()[problem.line - 1]
    assert not VALIDATOR.is_valid(data)


keys = st.sampled_from(
    [
        "version",
        "datasets",
        "models",
        "environments",
        "port",
        "gates",
        "margin",
        "health",
        "after",
        "task",
        "x",
        "[key]",
    ]
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["1%", "7d", "../x", "binary-classification", "mae", "a.py:B", 10**400]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def parses_or_says(text: str | bytes) -> None:
    try:
        read: Config | ConfigError = parse_config(text)
    except ConfigError as error:
        read = error
    # One line each, with nothing in it that a terminal would obey.
    assert isinstance(read, Config) or [str(problem).isprintable() for problem in read.problems].count(False) == 0


@given(st.one_of(st.text(), st.binary(), st.text("[]{}:,-&*!|>'\"#% \n\tabc123~<?@`\\", max_size=60)))
@settings(max_examples=300)
def test_any_text_gives_a_configuration_or_a_configuration_error(text: str | bytes) -> None:
    parses_or_says(text)


@pytest.mark.slow
@given(configurations(), values, st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_in_any_place_gives_one_or_the_other(
    data: dict[str, Any], value: Any, choose: st.DataObject
) -> None:
    place: Any = data
    while True:
        choices = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not choices:
            break
        key = choose.draw(st.sampled_from(choices))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or choose.draw(st.booleans()):
            place[key] = value
            break
        place = inner
    parses_or_says(yaml.safe_dump(data, allow_unicode=True))
    parses_or_says(yaml.safe_dump(value))


def test_a_share_is_of_the_champions_value() -> None:
    margin = parse_config(GOOD).models["delay"].gates[0].margin
    assert math.isclose(margin.of(-0.8), 0.008)
    assert set(METRICS) >= {"roc_auc"}
