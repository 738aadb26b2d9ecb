from __future__ import annotations

import pytest

from gitops_mlops.domain.document.yaml import dotted, parse_yaml
from gitops_mlops.domain.errors import ConfigError


def test_every_value_knows_its_line() -> None:
    document = parse_yaml("a:\n  b: [1, 2]\nc: x\n", "f.yaml")
    assert document.data == {"a": {"b": [1, 2]}, "c": "x"}
    assert document.positions[("a", "b")] == (2, 3)
    assert document.positions[("a", "b", 1)] == (2, 10)
    assert str(document.problem(("c", "deep"), "wrong", "mend it")) == "f.yaml:3:1: c.deep: wrong → mend it"


def test_dotted_paths_read_like_code() -> None:
    assert dotted(("models", "delay", "gates", 0, "min")) == "models.delay.gates[0].min"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: &x 1\nb: *x\n", 2, "aliases"),
        ("a: !!python/object:os.system x\n", 1, "not allowed"),
        ("a: !mine x\n", 1, "not allowed"),
        ("x: 1\na: [\n", 3, "not YAML"),
        ("a: 1\na: 2\n", 2, "appears twice"),
        ("? [1]\n: 2\n", 1, "plain text"),
        ("<<: {a: 1}\n", 1, "merge keys"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("[" * 60 + "]" * 60, 1, "nested deeper"),
        ("a:\n  - !!int x\n", 2, "not of the tag int"),
        ("a: !!timestamp 2020-01-01\n", 1, "not allowed"),
        (f"a: {'9' * 301}\n", 1, "digits"),
    ],
)
def test_what_a_stranger_may_not_write(text: str, line: int, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, says in problem.message) == (line, True), problem


def test_alias_bomb_ends_before_it_grows() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
    )
    with pytest.raises(ConfigError, match="aliases"):
        parse_yaml(bomb, "f.yaml")


def test_wrong_encoding_names_the_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml("a: 1\nb: café\n".encode("latin-1"), "f.yaml")
    assert caught.value.problems[0].line == 2


def test_size_and_count_are_limited() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        parse_yaml("a" * (1024 * 1024 + 1), "f.yaml")
    with pytest.raises(ConfigError, match="more than"):
        parse_yaml("[" + "1," * 100_001 + "1]", "f.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # https://yaml.org/spec/1.2.2/#103-core-schema, and what YAML 1.1 would have made of the same text.
        ("on", "on"),
        ("NO", "NO"),
        ("1e-3", 0.001),
        ("010", 10),
        ("0o14", 12),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("TRUE", True),
        ("~", None),
        ("-.inf", float("-inf")),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("! 1", "1"),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = parse_yaml(f"a: {text}\n", "f.yaml").data["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse_yaml("on: 1\n1: 2\n~: 3\n2026-01-01: 4\n", "f.yaml").data == {
        "on": 1,
        "1": 2,
        "~": 3,
        "2026-01-01": 4,
    }


def test_anchors_where_they_are_allowed() -> None:
    text = "a: &a {p: 1, q: [1]}\nb: {<<: *a, p: 2}\nc: [*a]\nd: {<<: [*a, {p: 9, r: 3}]}\n"
    assert parse_yaml(text, "f.yaml", anchors=True).data == {
        "a": {"p": 1, "q": [1]},
        "b": {"p": 2, "q": [1]},
        "c": [{"p": 1, "q": [1]}],
        "d": {"p": 1, "q": [1], "r": 3},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [*a]\n", "no anchor &a ends before"),
        ("<<: 3\n", "only mappings can be merged"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)),
            "more than 100000 values",
        ),
    ],
)
def test_anchors_cannot_grow_or_turn_round(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_yaml(text, "f.yaml", anchors=True)
