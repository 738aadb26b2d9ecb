"""Each check finds its own thing, and nothing in a repository that is well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_mlops.domain.doctor.checks import OF_ONE_CLONE, Diagnosis, DoctorCheck, DoctorFinding, Severity, findings
from gitops_mlops.domain.doctor.registry import REGISTRY, STALE_SECONDS, RegistryFacts
from gitops_mlops.domain.doctor.setup import SETUP, DvcRemote, SetupFacts
from gitops_mlops.domain.doctor.state import STATE, StateFacts
from gitops_mlops.domain.errors import FileProblemLine
from gitops_mlops.domain.extras import EXTRAS
from gitops_mlops.domain.ports import GitLock, RemoteTag
from gitops_mlops.domain.registry.evidence import write_message
from gitops_mlops.domain.registry.ledger import WITHDRAWAL, LedgerFinding
from gitops_mlops.domain.registry.registry import Registry
from gitops_mlops.domain.registry.retirement import RetirementProposal
from gitops_mlops.domain.registry.tags import TagRecord
from gitops_mlops.reports.doctor.diagnosis import diagnosis_findings

START = datetime(2026, 1, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[4] / "docs" / "doctor.md"
TABLE: dict[str, tuple[DoctorCheck[Any], ...]] = {"Registry": REGISTRY, "Set-up": SETUP, "State": STATE}
A, B = "a" * 40, "b" * 40


def tag(name: str, commit: str = A, second: int = 0, **trailers: str) -> TagRecord:
    """A tag as our commands write it; trailers with `_` for `-`."""
    message = write_message(name, [(key.replace("_", "-"), value) for key, value in trailers.items()])
    return TagRecord(name, commit, True, int(START.timestamp()) + second, "Ada", message, f"object of {name}")


def there(*tags: TagRecord) -> dict[str, RemoteTag]:
    return {each.name: RemoteTag(each.object, each.commit, each.annotated) for each in tags}


def registry(*tags: TagRecord, **facts: object) -> RegistryFacts:
    made = RegistryFacts(Registry.from_tags(tags), START, {each.name: each for each in tags})
    return replace(made, **facts)  # type: ignore[arg-type]


V1 = tag("m@v1.0.0", A, Model_MD5="1" * 32, Model_SHA256="2" * 64)
STAGED = tag("m#prod#1", A, 5, Version="v1.0.0", Model_SHA256="2" * 64)
LIGHT = TagRecord("m@v1.0.0", A, False, object=A)
PROPOSAL = RetirementProposal(
    "m", "m#prod", "v1.0.0", "max-age", 10, 5, "v1.0.0 is old", "gitops-mlops retire m#prod"
)
PROBLEM = FileProblemLine("mlops.yaml", 3, 5, "models.m", "is wrong", "mend it")

ILL: dict[str, RegistryFacts | SetupFacts | StateFacts] = {
    "shallow-clone": registry(shallow=True),
    "clone-without-tags": registry(lacks_tags=True),
    "remote-unreachable": registry(remote_problem="no answer"),
    "tag-differs-from-remote": registry(V1, there=there(V1._replace(object="another", commit=B))),
    "tag-contradicted": registry(V1, md5={(A, "m"): "3" * 32}),
    "ledger-contradicts": registry(ledger=(LedgerFinding(True, "tag m@v1.0.0", "moved", "ask"),)),
    "tag-lightweight": registry(LIGHT, there=there(V1)),
    "tag-ambiguous": registry(V1, tag("m@v2.0.0", A, 1)),
    "tag-ignored": registry(tag("m@1.0.0")),
    "tag-in-future": registry(tag("m@v1.0.0", A, 7200)),
    "tag-off-branches": registry(V1, outside_branches={A}),
    "stage-off-main": registry(V1, STAGED, main="main", unmerged={("m", "prod")}),
    "lock-stale": registry(locks=(GitLock("refs/tags/m@v1.0.0.lock", STALE_SECONDS),)),
    "tags-unpushed": registry(V1, there={}),
    "tags-unfetched": registry(there=there(V1)),
    "ledger-incomplete": registry(ledger=(LedgerFinding(False, "m", "not recorded", "sync"),)),
    "tag-withdrawn": registry(ledger=(LedgerFinding(False, "tag m@v1.0.0", "was withdrawn", "show", WITHDRAWAL),)),
    "git-too-old": SetupFacts(git=(2, 29, 9)),
    "git-identity": SetupFacts(identity_problem="tell me who you are"),
    "config-missing": SetupFacts(problems=None),
    "config-invalid": SetupFacts(problems=(PROBLEM,)),
    "lock-out-of-step": SetupFacts(out_of_step=(PROBLEM,)),
    "workflow-not-on-edited": SetupFacts(deaf_workflows=(PROBLEM,)),
    "dvc-remote-missing": SetupFacts(dvc=True),
    "dvc-remote-unverified": SetupFacts(dvc=True, dvc_remotes=(DvcRemote("s3", False), DvcRemote("nas", True))),
    "large-file": SetupFacts(large_files=(PROBLEM,)),
    "not-ignored": SetupFacts(ignored=("/.gitops-mlops/",)),
    "merge-driver-missing": SetupFacts(lacks_merge_driver=True),
    "artifact-unused": SetupFacts(artifacts=("m", "n"), models=("m",)),
    "hooks-not-installed": SetupFacts(hooks_wanted=True),
    "extra-missing": SetupFacts(installed={each.distribution: "1" for each in EXTRAS if each.name != "dvc"}),
    "change-unfinished": StateFacts(unfinished=("m",)),
    "ledger-unpushed": StateFacts(unpushed=2, remote="origin"),
    "retirement-proposed": StateFacts(proposals=(PROPOSAL,)),
}


def found(facts: RegistryFacts | SetupFacts | StateFacts) -> list[DoctorFinding]:
    group = {RegistryFacts: "Registry", SetupFacts: "Set-up", StateFacts: "State"}[type(facts)]
    return list(findings(group, TABLE[group], facts))


@pytest.mark.parametrize("identity", ILL)
def test_a_check_finds_its_own_thing_and_only_that(identity: str) -> None:
    assert [each.id for each in found(ILL[identity])] == [identity]


def test_every_check_is_tried_above() -> None:
    assert [check.id for checks in TABLE.values() for check in checks] == list(ILL)


def test_a_repository_that_is_well_has_no_finding() -> None:
    well = registry(V1, STAGED, there=there(V1, STAGED), md5={(A, "m"): "1" * 32})
    assert found(well) == found(SetupFacts()) == found(StateFacts()) == []


def rows() -> Iterator[tuple[str, str]]:
    """Id and severity of each row of the page's tables."""
    for match in re.finditer(r"^\| `([a-z-]+)` \| (\w+) \|", DOCS.read_text("utf-8"), re.MULTILINE):
        yield match[1], match[2]


def test_the_page_explains_every_finding_in_the_order_of_the_table() -> None:
    assert list(rows()) == [(check.id, str(check.severity)) for checks in TABLE.values() for check in checks]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([V1, STAGED._replace(commit=B)], "is at aaaaaaaaaa"),
        ([STAGED], "no tag registers it"),
        ([LIGHT, STAGED], "no tag registers it"),
        ([tag("m@v1.0.0"), STAGED], "records none"),
        ([V1._replace(message=V1.message.replace("2" * 64, "4" * 64)), STAGED], "records 4444444444"),
    ],
)
def test_a_stage_is_held_against_the_version_that_it_names(tags: list[TagRecord], told: str) -> None:
    (finding,) = (each for each in found(registry(*tags)) if each.id == "tag-contradicted")
    assert (finding.where, told in finding.message, finding.fixable) == ("tag m#prod#1", True, False)


def test_tags_of_gto_record_nothing_and_contradict_nothing() -> None:
    plain = registry(tag("m@v1.0.0"), tag("m#prod#1", A, 1), md5={(A, "m"): "1" * 32})
    assert found(plain) == []


def test_a_version_whose_commit_records_no_model_is_contradicted() -> None:
    (finding,) = found(registry(V1, md5={(A, "m"): ""}))
    assert "records none" in finding.message


def test_a_lightweight_tag_at_another_commit_is_not_mended_but_told() -> None:
    facts = registry(LIGHT._replace(commit=B, object=B), there=there(V1))
    assert [(each.id, each.fixable) for each in found(facts)] == [
        ("tag-differs-from-remote", False),
        ("tag-ignored", False),
    ]


def test_no_tag_is_recorded_while_one_may_be_a_moved_one() -> None:
    """Else --fix would make the ledger vouch for it."""
    missing = LedgerFinding(False, "m", "not recorded", "sync")
    for doubtful in (
        registry(V1, ledger=(missing,), there=there(V1._replace(object="another"))),
        registry(V1, ledger=(missing,), md5={(A, "m"): ""}),
        registry(V1, ledger=(missing, LedgerFinding(True, "m", "changed", "ask"))),
    ):
        assert not any(each.fixable for each in found(doubtful))
    assert [each.fixable for each in found(registry(V1, ledger=(missing,)))] == [True]


def test_a_lightweight_tag_is_nothing_to_push() -> None:
    assert [each.id for each in found(registry(LIGHT, there={}))] == ["tag-ignored"]


def test_a_tag_within_the_hour_is_no_tag_of_the_future() -> None:
    assert found(registry(tag("m@v1.0.0", A, int(timedelta(hours=1).total_seconds())))) == []


def test_a_lock_of_a_git_that_may_be_at_work_is_left() -> None:
    assert found(registry(locks=(GitLock("packed-refs.lock", STALE_SECONDS - 1),))) == []


def test_other_tags_than_the_registrys_are_nobodys_business() -> None:
    release = tag("v1.0.0")
    assert found(registry(release, there={**there(release._replace(object="moved")), **there(tag("v2.0.0"))})) == []


def test_an_empty_remote_explains_a_clone_without_tags() -> None:
    assert found(registry(lacks_tags=True, there={})) == []


def test_commands_that_mend_cannot_be_turned_by_a_name() -> None:
    """Git allows a quote, a semicolon and a dollar in the names of tags and remotes."""
    (finding,) = found(SetupFacts(dvc=True, dvc_remotes=(DvcRemote("a b;$(touch x)", False),)))
    assert finding.fix == "dvc remote modify 'a b;$(touch x)' verify true"
    (lock,) = found(registry(locks=(GitLock("refs/tags/$(x);'.lock", 1e4),)))
    assert lock.fix.endswith("""rm .git/'refs/tags/$(x);'"'"'.lock'""")


@pytest.mark.parametrize(("severity", "well"), [(Severity.ERROR, False), (Severity.WARNING, False), ("note", True)])
def test_notes_are_nothing_wrong(severity: Severity, well: bool) -> None:
    assert Diagnosis((DoctorFinding("id", "State", Severity(severity), "w", "x", "m"),)).well is well


def test_what_concerns_one_clone_is_no_issue_for_everybody() -> None:
    assert {check.id for checks in TABLE.values() for check in checks} > OF_ONE_CLONE
    all_ill = [one for facts in ILL.values() for one in found(facts)]
    issues = {issue.key.split("/")[1] for issue in diagnosis_findings(Diagnosis(tuple(all_ill)))}
    told = {one.id for one in all_ill if one.severity is not Severity.NOTE}
    assert issues == told - OF_ONE_CLONE
    assert {"config-invalid", "tag-differs-from-remote"} <= issues


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, "; then 1 more: "), (25, "; then 5 more: ")])
def test_of_many_tags_the_hint_says_how_many_more_and_what_lists_all(count: int, more: str) -> None:
    (one,) = found(
        registry(*(tag(f"m@v1.0.{number}", f"{number:040x}", number) for number in range(count)), there={})
    )
    assert one.fix.count("refs/tags/") == 20
    listed = f"{more}git push --dry-run --tags origin lists all" if more else ""
    assert f"{listed}; or delete it: gitops-mlops ledger withdraw " in one.fix
    assert "…" not in one.fix
