"""Four pull requests on the flagship: better, worse, too close to tell, and one that leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.flagship_reports import CHANGES, DOCS, ENVIRONMENT, Flagship

pytestmark = pytest.mark.usefixtures("preloaded")

GATES = {"log_loss non-inferior", "roc_auc non-inferior", "roc_auc min", "declared slices"}
# The exit code of `compare`, the verdict, and the gates that made it.
EXPECTED = {
    "better": (0, "pass", GATES),
    "worse": (1, "block", {"log_loss non-inferior", "declared slices"}),
    "cannot-tell": (0, "warn", {"log_loss non-inferior", "roc_auc non-inferior"}),
    "leak": (1, "block", {"data: single features"}),
}


def test_each_gets_the_right_verdict_for_the_right_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    flagship = Flagship(tmp_path / "flights")
    assert set(EXPECTED) == set(CHANGES)
    found = {}
    for name, (code, verdict, made) in EXPECTED.items():
        ended, judged = flagship.judge(name)
        report = found[name] = judged.report
        by = {one["id"] for one in report["gates"] if one["status"] == report["verdict"]}
        assert (name, ended, report["verdict"], by) == (name, code, verdict, made)
        # The page in the docs says the same, in the same sections.
        assert outline((DOCS / f"{name}.md").read_text()) == outline(judged.markdown), "make reports"
    assert metric(found["better"], "log_loss")["verdict"] == "improved"
    assert metric(found["worse"], "log_loss")["verdict"] == "regressed"
    # Not that the models are alike: the test set could not show a difference as small as the margin.
    unclear = metric(found["cannot-tell"], "roc_auc")
    assert unclear["ci"]["low"] < -unclear["margin"] < 0 < unclear["ci"]["high"]
    assert unclear["mde"] > unclear["margin"]
    # Every number speaks for the model that leaks.
    assert metric(found["leak"], "roc_auc")["challenger"] > 0.99
    reason = next(one["reason"] for one in found["leak"]["gates"] if one["id"] == "data: single features")
    assert "'behind'" in reason


def metric(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["metrics"] if one["name"] == name)
    return found


def outline(markdown: str) -> list[str]:
    """The verdict, the gates' signs and names, the titles of sections: what does not hang on a last digit."""
    lines = markdown.splitlines()
    return [
        line.split(" | ")[0].split(":")[0]
        for line in lines
        if line.startswith(("## ", "### ", "| ⛔", "| ⚠️", "| ✅", "<details>"))
    ]
