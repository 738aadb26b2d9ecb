from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.deployment.bundle import bundle_digest
from tests.integration.serving.running import Refuse, Serve, seal

pytestmark = pytest.mark.usefixtures("preloaded")


def manifest(bundle: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((bundle / "bundle.json").read_bytes())
    return data


def test_one_changed_byte_of_the_model_is_seen_before_it_is_loaded(bundle: Path, refuse: Refuse) -> None:
    content = bytearray((bundle / "model.skops").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / "model.skops").write_bytes(content)
    code, line = refuse(bundle)
    assert code == 1
    assert "model.skops was changed" in line


@pytest.mark.parametrize("name", ["contract.yaml", "trusted-types.yaml", "README.md"])
def test_every_other_file_counts_too(bundle: Path, refuse: Refuse, name: str) -> None:
    (bundle / name).write_bytes((bundle / name).read_bytes() + b"\n")
    code, line = refuse(bundle)
    assert (code, f"{name} was changed" in line) == (1, True)


def test_a_file_too_many_or_too_few_is_refused(bundle: Path, refuse: Refuse) -> None:
    (bundle / "sitecustomize.py").write_text("raise SystemExit")
    (bundle / "README.md").unlink()
    code, line = refuse(bundle)
    assert code == 1
    assert "README.md is missing; sitecustomize.py does not belong to the bundle" in line


def test_a_link_is_no_file_of_a_bundle(bundle: Path, refuse: Refuse, tmp_path: Path) -> None:
    shutil.move(bundle / "model.skops", tmp_path / "elsewhere")
    (bundle / "model.skops").symlink_to(tmp_path / "elsewhere")
    code, line = refuse(bundle)
    assert (code, "not a regular file" in line) == (1, True)


def test_a_manifest_that_was_made_again_is_another_bundle(bundle: Path, refuse: Refuse) -> None:
    wanted = bundle_digest((bundle / "bundle.json").read_bytes())
    (bundle / "README.md").write_text("# other\n")
    seal(bundle, manifest(bundle))
    code, line = refuse(bundle, "--expect-digest", wanted)
    assert (code, f"expected {wanted}" in line) == (1, True)


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_in_place_of_the_model_is_never_executed(bundle: Path, refuse: Refuse, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    attack = pickle.dumps(_Canary(canary))
    (bundle / "model.skops").write_bytes(attack)
    code, line = refuse(seal(bundle, manifest(bundle)))
    assert (code, "not a model that skops can read" in line) == (1, True)
    assert not canary.exists()
    pickle.loads(attack)
    assert canary.exists()


def test_a_type_that_nobody_reviewed_is_refused(bundle: Path, refuse: Refuse) -> None:
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(os.system), bundle / "model.skops")
    code, line = refuse(seal(bundle, manifest(bundle)))
    assert (code, "types that are not reviewed: posix.system" in line) == (2, True)


def test_other_predictions_than_recorded_keep_the_port_closed(bundle: Path, refuse: Refuse) -> None:
    changed = manifest(bundle)
    changed["golden"]["probabilities"][1] = [0.5, 0.5]
    code, line = refuse(seal(bundle, changed))
    assert (code, "golden row 1: probabilities differ by" in line) == (1, True)


def test_classes_in_another_order_are_other_predictions(bundle: Path, refuse: Refuse) -> None:
    changed = manifest(bundle)
    changed["golden"]["classes"].reverse()
    code, line = refuse(seal(bundle, changed))
    assert (code, "has the classes" in line) == (1, True)


def test_golden_rows_must_keep_the_contract(bundle: Path, refuse: Refuse) -> None:
    changed = manifest(bundle)
    changed["golden"]["rows"][0]["hour"] = 24
    code, line = refuse(seal(bundle, changed))
    assert (code, "the contract refuses golden rows: row 0, column 'hour'" in line) == (1, True)


def test_a_contract_without_a_column_of_the_model_is_refused(bundle: Path, refuse: Refuse) -> None:
    (bundle / "contract.yaml").write_text("version: 1\ncolumns:\n  hour: {type: int64}\n")
    code, line = refuse(seal(bundle, manifest(bundle)))
    assert (code, "does not have: distance, carrier, wind" in line) == (1, True)


def test_another_scikit_learn_is_refused_unless_it_is_allowed(bundle: Path, refuse: Refuse, serve: Serve) -> None:
    seal(bundle, {**manifest(bundle), "packages": {"scikit-learn": "1.0.2"}})
    code, line = refuse(bundle)
    assert (code, "made with scikit-learn 1.0.2" in line, "--allow-version-skew" in line) == (3, True, True)
    running = serve(bundle, "--allow-version-skew")
    (warning,) = running.call("/v2/models/delay").json["parameters"]["warnings"]
    assert warning.startswith("the model was made with scikit-learn 1.0.2, here is")
    assert running.stop() == (0, f"warning: {warning}\n")


def test_a_broken_contract_names_file_and_line(bundle: Path, refuse: Refuse) -> None:
    (bundle / "contract.yaml").write_text("version: 1\ncolumns:\n  hour: {type: int65}\n")
    code, line = refuse(seal(bundle, manifest(bundle)))
    assert (code, "contract.yaml:3:" in line) == (2, True)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"null"])
def test_a_folder_that_is_no_bundle(tmp_path: Path, refuse: Refuse, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "bundle.json").write_bytes(content)
    code, line = refuse(tmp_path)
    assert (code, "bundle.json" in line) == (3, True)


def test_a_port_that_is_taken_is_one_line(bundle: Path, refuse: Refuse) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = refuse(bundle, "--port", str(port))
    assert (code, f"127.0.0.1:{port}: cannot listen (Address already in use)" in line) == (4, True)


def test_an_address_that_is_not_ours_is_one_line(bundle: Path, refuse: Refuse) -> None:
    # TEST-NET-1 of RFC 5737 belongs to no machine.
    code, line = refuse(bundle, "--host", "192.0.2.1")
    assert (code, "192.0.2.1:0: cannot listen" in line) == (4, True)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--port", "65536"], 2, "is not a port"),
        (["--port", "٣"], 2, "is not a port"),
        (["--max-rows", "0"], 2, "at least 1"),
        (["--log-seconds", "nan"], 2, "is not a number"),
        (["--expect-digest", "sha256:0"], 2, "is not a digest"),
        (["--nope"], 2, "--nope"),
        (["--log-dir", "LOG", "--log-exclude", "colour"], 2, "no input column 'colour'"),
    ],
)
def test_wrong_words(bundle: Path, refuse: Refuse, tmp_path: Path, options: list[str], code: int, says: str) -> None:
    words = [str(tmp_path / word) if word.isupper() else word for word in options]
    seen, line = refuse(bundle, *words)
    assert (seen, says in line) == (code, True), line
