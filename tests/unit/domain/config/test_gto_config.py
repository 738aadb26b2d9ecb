from __future__ import annotations

from pathlib import Path

import pytest
from gto.config import read_registry_config
from gto.exceptions import WrongConfig

from gitops_mlops.domain.config.gto import GtoConfig, parse_gto_config
from gitops_mlops.domain.errors import ConfigError, UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stages: [dev, prod]\ntypes: [model]", GtoConfig(("dev", "prod"), ("model",))),
        ("STAGES: [on, dev]", GtoConfig(("on", "dev"))),
        ("stages: [a, a]", GtoConfig(("a",))),
        ("stages: []", GtoConfig(())),
        ("stages: null", GtoConfig()),
        ("", GtoConfig()),
        ("emojis: false\nenrichments: []\nINDEX: x.yaml", GtoConfig()),
    ],
)
def test_it_says_what_gto_reads_in_it(text: str, expected: GtoConfig, tmp_path: Path) -> None:
    assert parse_gto_config(text.encode()) == expected
    (tmp_path / ".gto").write_text(text)
    theirs = read_registry_config(str(tmp_path / ".gto"))
    for ours, listed in zip(expected, (theirs.stages, theirs.types), strict=True):
        assert ours == (None if listed is None else tuple(dict.fromkeys(listed)))


def test_without_the_file_everything_is_allowed() -> None:
    allowed = parse_gto_config(None)
    allowed.require_stage("anything")
    allowed.require_type("delay", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stage: [a]", ".gto:1:1: stage: unknown key 'stage' → perhaps you meant 'stages'"),
        ("stages: prod", ".gto:1:1: stages: must be a list of names"),
        ("stages: [1]", "1 is not a name"),
        ("stages: [{}]", "{} is not a name"),
        ("types: [a.b]", ".gto:1:9: types[0]: 'a.b' is not a name"),
        ("stages: [a]\nstages: [b]", "appears twice"),
        ("[a]", "must be a mapping"),
        ("42", "must be a mapping"),
        ("stages: !!python/object:os.system [a]", "not allowed"),
        ("stages: [a", ".gto:"),
        ("stages: \xff", "not UTF-8"),
    ],
)
def test_a_malformed_file_is_a_clear_line(text: str, message: str, tmp_path: Path) -> None:
    """GTO refuses each of these too."""
    with pytest.raises(ConfigError) as found:
        parse_gto_config(text.encode("latin-1"))
    assert message in str(found.value)
    (tmp_path / ".gto").write_bytes(text.encode("latin-1"))
    with pytest.raises(WrongConfig):
        read_registry_config(str(tmp_path / ".gto"))


def test_refusals_name_what_is_allowed() -> None:
    config = GtoConfig(("dev", "production"), ("model",))
    config.require_stage("dev")
    config.require_type("delay", "model")
    with pytest.raises(UsageError, match=r"^\.gto: lists no stage 'producton' → perhaps you meant 'production'$"):
        config.require_stage("producton")
    with pytest.raises(
        UsageError, match=r"delay is of type 'dataset', which types: does not allow → allowed: model$"
    ):
        config.require_type("delay", "dataset")
    with pytest.raises(UsageError, match=r"delay has no type in dvc\.yaml"):
        config.require_type("delay", "")
    with pytest.raises(UsageError, match=r"add it under stages:$"):
        GtoConfig(()).require_stage("dev")


def test_two_spellings_of_one_key_are_refused() -> None:
    """GTO takes one of them."""
    with pytest.raises(ConfigError, match="the key 'STAGES' appears twice"):
        parse_gto_config(b"stages: [a]\nSTAGES: [b]")
