"""What people read of a rollout."""

from __future__ import annotations

from gitops_mlops.domain.deployment.rollout import ModelRollout, ReturnedVersion, Rollout, RolloutResult
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.reports.deployment.rollout import rollback_findings, rollout_markdown, rollout_text

EVIL = "</td>|<img src=x>\n@org/team <!-- gitops-mlops:finding:x --> ``` ![](http://a.example/x)"


def test_one_line_a_model() -> None:
    address = "http://127.0.0.1:8080"
    made = Rollout(
        "production",
        "a" * 40,
        (
            ModelRollout("delay", RolloutResult.DEPLOYED, "v0.0.1", "v0.0.2", address=address),
            ModelRollout(
                "fare", RolloutResult.ROLLED_BACK, "v0.0.2", "v0.0.1", "v0.0.2: the server ended", address, code=1
            ),
            ModelRollout(
                "seat",
                RolloutResult.UNCHANGED,
                "v0.0.1",
                "v0.0.1",
                address=address,
                waiting="v0.0.2",
                refusals=(RuleRefusal("2h in staging", "v0.0.2 was in staging for 8s", "wait 2h"),),
            ),
            ModelRollout("bag", RolloutResult.EMPTY, reason="no version is assigned"),
        ),
    )
    assert rollout_text(made).splitlines() == [
        "delay in production: v0.0.1 → v0.0.2 serves at http://127.0.0.1:8080",
        "fare in production: rolled back, v0.0.1 serves; v0.0.2: the server ended",
        "seat in production: v0.0.1 serves at http://127.0.0.1:8080",
        "seat v0.0.2 is waiting:",
        "  2h in staging: v0.0.2 was in staging for 8s → needed: wait 2h",
        "bag in production: no version is assigned",
    ]
    assert made.code == 1


def test_hostile_words_stay_words() -> None:
    refusal = RuleRefusal(EVIL, EVIL, EVIL)
    made = Rollout(
        EVIL, "a" * 40, (ModelRollout("m", RolloutResult.FAILED, EVIL, EVIL, EVIL, EVIL, EVIL, (refusal,), 4),)
    )
    taken = ReturnedVersion(EVIL, "b" * 40, EVIL, EVIL, EVIL, f"https://x.example/o/r)[x](javascript:{EVIL}")
    (finding,) = rollback_findings("prod", {EVIL: taken})
    for page in (rollout_markdown(made), finding.body):
        assert "\n@org" not in page
        assert "\n<img" not in page
    (line,) = [line for line in rollout_markdown(made).splitlines() if "failed" in line]
    assert line.count("|") - line.count("\\|") == 5
    assert "this run" not in finding.body
