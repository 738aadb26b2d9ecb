from __future__ import annotations

import pytest

from gitops_mlops.domain.document import dotted, parse_yaml
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
        ("a: 1\na: 2\n", 2, "stands twice"),
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
