from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from gitops_mlops.domain.comparison.frames import to_pandas
from gitops_mlops.domain.config.parse import parse_config
from gitops_mlops.domain.config.trusted_types import parse_trusted_types
from gitops_mlops.domain.contracts.contract import parse_contract
from gitops_mlops.domain.errors import ConfigError
from gitops_mlops.runtime.skops_model import dump_model, load_model
from pipeline.evaluate import calibration, roc, scores
from pipeline.prepare import DAY, ID, RAW, SCHEDULE, TARGET, WEATHER, labelled, prepare, weather
from pipeline.stage import PARAMS, Params, params
from pipeline.train import FEATURES, build

ROOT = Path(__file__).parents[3]

# What is known only once the flight has left, and what would give the answer away.
KNOWN_LATER = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", TARGET, ID}


def flight(**changes: Any) -> dict[str, Any]:
    usual = {
        "year": 2013, "month": 1, "day": 5, "dep_time": 520, "sched_dep_time": 515, "dep_delay": 5, "arr_time": 830,
        "sched_arr_time": 800, "arr_delay": 30, "carrier": "UA", "flight": 1545, "tailnum": "N14228",
        "origin": "EWR", "dest": "IAH", "air_time": 227, "distance": 1400, "hour": 5, "minute": 15,
        "time_hour": "2013-01-05T10:00:00Z",
    }  # fmt: skip
    return {**usual, **changes}


def hour(**changes: Any) -> dict[str, Any]:
    usual = {
        "origin": "EWR", "time_hour": "2013-01-05T10:00:00Z", "temp": 39.0, "dewp": 28.0, "humid": 64.0,
        "wind_dir": 240, "wind_speed": 11.5, "precip": 0.0, "pressure": 1012.0, "visib": 10.0,
    }  # fmt: skip
    return {**usual, **changes}


def rows(flights: list[dict[str, Any]], weather: list[dict[str, Any]]) -> pl.DataFrame:
    return labelled(pl.DataFrame(flights), pl.DataFrame(weather), late_after=30)


def settings(**train: Any) -> Params:
    content = yaml.safe_load((ROOT / PARAMS).read_text())
    content["train"]["boosting"]["trees"] = 3
    content["train"].update({key.replace("_", "-"): value for key, value in train.items()})
    return Params.model_validate(content)


def test_late_is_more_than_thirty_minutes() -> None:
    made = rows([flight(arr_delay=delay, flight=delay) for delay in (29, 30, 31)], [hour()])
    assert dict(zip(made[ID], made[TARGET], strict=True)) == {
        "2013-01-05-UA-29-EWR": False,
        "2013-01-05-UA-30-EWR": False,
        "2013-01-05-UA-31-EWR": True,
    }


def test_a_flight_that_never_arrived_has_no_label_and_is_left_out() -> None:
    made = rows([flight(), flight(flight=1, arr_delay=None, dep_time=None)], [hour()])
    assert made[ID].to_list() == ["2013-01-05-UA-1545-EWR"]


def test_weather_comes_from_the_same_airport_and_hour() -> None:
    others = [hour(origin="JFK", temp=1.0), hour(time_hour="2013-01-05T11:00:00Z", temp=2.0)]
    assert rows([flight()], [hour(), *others])["temp"].to_list() == [39.0]
    assert rows([flight()], others)["temp"].to_list() == [None]


def test_weather_that_stands_twice_is_an_error_and_no_second_row() -> None:
    with pytest.raises(pl.exceptions.ComputeError):
        rows([flight()], [hour(), hour()])


def test_a_wind_that_never_blew_is_a_missing_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / RAW).mkdir(parents=True)
    published = [hour(wind_speed=speed) for speed in (1048.36058, 42.0, 0.0, None)]
    pl.DataFrame(published).write_csv(tmp_path / RAW / "weather.csv", null_value="NA")
    monkeypatch.chdir(tmp_path)
    assert weather()["wind_speed"].to_list() == [None, 42.0, 0.0, None]


def test_a_saturday_is_the_sixth_day() -> None:
    assert rows([flight()], [hour()])["weekday"].to_list() == [6]


def test_order_does_not_depend_on_the_source() -> None:
    several = [flight(flight=number, day=day) for number in (3, 1) for day in (5, 4)]
    assert rows(several, [hour()]).equals(rows(several[::-1], [hour()]))


def test_nothing_known_later_is_a_feature() -> None:
    assert not set(FEATURES) & KNOWN_LATER
    assert set(rows([flight()], [hour()]).columns) == {ID, DAY, *FEATURES, TARGET}


def test_contracts_name_exactly_what_the_pipeline_writes_and_the_model_reads() -> None:
    prepared = parse_contract((ROOT / "contracts/flights.yaml").read_bytes(), "flights")
    accepted = parse_contract((ROOT / "contracts/delay-input.yaml").read_bytes(), "delay-input")
    assert tuple(prepared.columns) == (ID, DAY, *SCHEDULE, *WEATHER, TARGET)
    assert tuple(accepted.columns) == FEATURES
    for name, column in accepted.columns.items():
        assert prepared.columns[name].model_copy(update={"max_nulls": None}) == column


def test_every_parameter_belongs_to_the_stage_of_its_section() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    declared = {name: set(stage["params"]) for name, stage in stages.items()}

    def leaves(value: Any, path: str) -> set[str]:
        if not isinstance(value, dict):
            return {path}
        return set().union(*(leaves(inner, f"{path}.{key}") for key, inner in value.items()))

    content = yaml.safe_load((ROOT / PARAMS).read_text())
    assert declared == {section: leaves(value, section) for section, value in content.items()}


def test_the_configuration_names_what_the_pipeline_makes() -> None:
    config = parse_config((ROOT / "mlops.yaml").read_bytes())
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    made = {out for stage in pipeline["stages"].values() for out in stage.get("outs", ())}
    assert set(config.models) == set(pipeline["artifacts"])
    assert {dataset.path for dataset in config.datasets.values()} <= made
    evaluation = config.models["delay"].evaluation
    assert (evaluation.id, evaluation.target, evaluation.cluster_by) == (ID, TARGET, DAY)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("test-months: [5, 6]", "test-months: [4, 5]", "does not come after the training months"),
        ("test-months: [5, 6]", "test-months: [12, 1]", "not in order"),
        ("test-months: [5, 6]", "test-months: []", "at least 1"),
        ("class-weight:", "class-wait:", "perhaps you meant 'class-weight'"),
        ("algorithm: logistic", "algorithm: logistics", "perhaps you meant 'logistic'"),
        ("flights-sha256: ", "flights-sha256: x", "must be text"),
    ],
)
def test_a_wrong_parameter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str
) -> None:
    text = (ROOT / PARAMS).read_text()
    assert old in text
    (tmp_path / PARAMS).write_text(text.replace(old, new))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=says):
        prepare(params())


@pytest.mark.parametrize("algorithm", ["logistic", "boosting"])
@pytest.mark.parametrize("weather", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_every_variant_reads_raw_rows_and_loads_with_the_reviewed_types(
    algorithm: str, weather: bool, class_weight: str | None
) -> None:
    several = [
        flight(flight=n, arr_delay=n % 90, carrier=("UA", "AA")[n % 2], hour=n % 24, day=1 + n % 28)
        for n in range(600)
    ]
    made = rows(several, [hour(), hour(time_hour="2013-01-05T11:00:00Z", temp=None)])
    chosen = settings(algorithm=algorithm, weather=weather, class_weight=class_weight).train
    model = build(chosen).fit(to_pandas(made.select(FEATURES)), made[TARGET].to_numpy())
    trusted = parse_trusted_types((ROOT / "contracts/trusted-types.yaml").read_bytes(), "trusted")
    read = load_model(dump_model(model), "m", trusted)
    assert read.columns == FEATURES

    # An airline and an airport never seen, and no weather at all: served without a warning.
    strange = rows([flight(carrier="ZZ", dest="ZZZ", hour=23)], [hour(origin="JFK")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = read.predict(to_pandas(strange)).probabilities
    assert answer is not None
    assert answer.shape == (1, 2)
    assert np.isfinite(answer).all()


@pytest.mark.parametrize("algorithm", ["logistic", "boosting"])
def test_weather_reaches_the_classifier_only_when_it_may(algorithm: str) -> None:
    several = [flight(flight=n, arr_delay=n % 90, hour=n % 24) for n in range(600)]
    made = rows(several, [hour()])

    def seen(weather: bool) -> set[str]:
        features = build(settings(algorithm=algorithm, weather=weather).train).named_steps["features"]
        features.fit(to_pandas(made.select(FEATURES)))
        return {name.removeprefix("numbers__") for name in features.get_feature_names_out()}

    assert seen(weather=True) >= set(WEATHER)
    assert not seen(weather=False) & set(WEATHER)


def test_scores_of_a_worked_example() -> None:
    # Two of three late flights called late at 0.5, no false alarm; the ranking has one of six pairs wrong.
    late, chance = np.array([1, 1, 1, 0, 0]) == 1, np.array([0.9, 0.6, 0.3, 0.4, 0.1])
    found = scores(late, chance, 0.5)
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["precision"] == 1
    assert found["roc_auc"] == pytest.approx(5 / 6, abs=1e-6)
    assert found["brier"] == pytest.approx((0.01 + 0.16 + 0.49 + 0.16 + 0.01) / 5)
    assert scores(late, chance, 0.95)["precision"] == 0


def test_curves_hold_few_points_and_end_where_they_must() -> None:
    chance = np.linspace(0, 1, 1000)
    late = np.random.default_rng(0).random(1000) < chance
    curve = roc(late, chance)
    assert curve.height == 51
    assert curve.row(0)[0] == 0
    assert curve.row(-1) == (1, 1)
    bins = calibration(late, chance)
    assert bins["flights"].to_list() == [100] * 10
    assert bins["predicted"].is_sorted()
    assert ((bins["predicted"] - bins["observed"]).abs() < 0.15).all()


def test_days_are_days_of_departure() -> None:
    assert rows([flight()], [hour()])[DAY].to_list() == [date(2013, 1, 5)]
