from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from gitops_mlops import ConfigError, ExternalError, MissingEvidence, UsageError, dump_model, load_model, save_model


@pytest.fixture(scope="module")
def model() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def test_a_model_comes_back_as_it_was(tmp_path: Path, model: LogisticRegression) -> None:
    path = tmp_path / "models" / "delay.skops"
    save_model(model, path)
    assert path.read_bytes() == dump_model(model)
    rows = [[0.5], [2.5]]
    np.testing.assert_array_equal(load_model(str(path)).predict_proba(rows), model.predict_proba(rows))


def test_a_link_into_the_cache_is_replaced_and_the_cache_stays(tmp_path: Path, model: LogisticRegression) -> None:
    cached, path = tmp_path / "cached", tmp_path / "delay.skops"
    cached.write_bytes(b"the model of before")
    path.symlink_to(cached)
    save_model(model, path)
    assert cached.read_bytes() == b"the model of before"
    assert not path.is_symlink()
    assert path.read_bytes() == dump_model(model)


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "delay.skops"
    path.write_bytes(b"the model of before")
    with pytest.raises(Exception, match=r".+"):
        save_model(open(os.devnull), path)  # noqa: SIM115, PTH123
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("delay.skops", b"the model of before")]


def test_another_ending_is_refused(tmp_path: Path, model: LogisticRegression) -> None:
    with pytest.raises(UsageError, match=r"delay\.pkl: is not the name of a skops file → end it in \.skops"):
        save_model(model, tmp_path / "delay.pkl")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_or_read_is_one_line(tmp_path: Path, model: LogisticRegression) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExternalError, match="its folder is a file"):
        save_model(model, tmp_path / "file" / "delay.skops")
    with pytest.raises(MissingEvidence, match="there is no such file"):
        load_model(tmp_path / "file" / "delay.skops")
    with pytest.raises(ExternalError, match="cannot be read"):
        load_model(tmp_path)


def test_a_type_has_to_be_reviewed(tmp_path: Path) -> None:
    path, trusted = tmp_path / "odd.skops", tmp_path / "trusted-types.yaml"
    save_model(FunctionTransformer(Counter), path)
    with pytest.raises(UsageError, match="types that are not reviewed: collections"):
        load_model(path)
    trusted.write_text("- collections.Counter\n")
    assert load_model(path, trusted_types=trusted).func is Counter
    trusted.write_text("collections.Counter\n")
    with pytest.raises(ConfigError, match="must be a list of type names"):
        load_model(path, trusted)
