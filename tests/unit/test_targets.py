"""Every kind of target that `mlops.yaml` takes has its folder, its row and its line in the docs."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_args

from gitops_mlops.bootstrap.deployment import TARGETS
from gitops_mlops.domain.config.values import TargetKind
from gitops_mlops.domain.ports import DeployTarget
from gitops_mlops.usecases.deployment.targets import EnvironmentTargets

ROOT = Path(__file__).parents[2]
KINDS = set(get_args(TargetKind))


def test_every_kind_is_a_row_of_bootstrap() -> None:
    assert set(TARGETS) == KINDS, "TARGETS of bootstrap/deployment.py"


def test_every_kind_is_a_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "gitops_mlops/adapters/targets").glob("*/__init__.py")}
    assert folders == KINDS, "gitops_mlops/adapters/targets"


def test_every_kind_is_documented() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `target` | `")]
    assert {kind for kind in KINDS if f"`{kind}`:" in row} == KINDS, "docs/configuration.md, environments"


def test_every_kind_is_a_deploy_target(tmp_path: Path) -> None:
    methods = inspect.getmembers(DeployTarget, inspect.isfunction)
    for kind, make in TARGETS.items():
        target = make(tmp_path, None)
        for name, declared in methods:
            if not name.startswith("_"):
                given = inspect.signature(getattr(target, name, lambda: None)).parameters
                assert list(given) == list(inspect.signature(declared).parameters)[1:], f"{kind}: {name}"


def test_one_target_stands_for_all_kinds() -> None:
    public = {name for name, _ in inspect.getmembers(DeployTarget, inspect.isfunction) if not name.startswith("_")}
    assert public <= set(dir(EnvironmentTargets))
