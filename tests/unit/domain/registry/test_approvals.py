from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_mlops.domain.config.promotion import SignerPolicy
from gitops_mlops.domain.registry.approvals import (
    PullRequest,
    PullRequestReview,
    TagSignature,
    pull_request_number,
    review_refusals,
    signature_refusals,
)

HEAD, MERGE, OLD = "a" * 40, "b" * 40, "c" * 40
AUTHOR, BOB, EVE = 1, 2, 3
MERGED = PullRequest(7, AUTHOR, HEAD, MERGE)
KEY = "A" * 40
WRITERS = {"OWNER", "MEMBER", "COLLABORATOR"}


def review(user: int | None = BOB, state: str = "APPROVED", **changes: object) -> PullRequestReview:
    made = PullRequestReview(user, f"user{user}", True, "MEMBER", state, HEAD)
    return made._replace(**changes)  # type: ignore[arg-type]


def seen(
    *reviews: PullRequestReview, wanted: int = 1, pull_request: PullRequest = MERGED, commit: str = MERGE
) -> str:
    found = review_refusals(wanted, pull_request, reviews, commit)
    return "; ".join(refusal.observed for refusal in found)


@pytest.mark.parametrize(
    ("named", "number"),
    [
        ("12", 12),
        ("#12", 12),
        ("https://github.com/octo/demo/pull/12", 12),
        ("https://github.com/Octo/Demo/pull/12/", 12),
        ("https://git.example/forge/octo/demo/pulls/12", 12),
        ("https://github.com/evil/demo/pull/12", None),
        ("https://github.com/evil/octo/demo/pull/12", 12),
        ("https://github.com/octo/demo/pull/12\n", None),
        ("https://github.com/octo/demo/issues/12", None),
        ("octo/demo#12", None),
        ("0", None),
        ("-1", None),
        ("12/../13", None),
        ("９", None),
        ("1" * 50, None),
        ("", None),
    ],
)
def test_the_pull_request_that_a_trailer_names(named: str, number: int | None) -> None:
    assert pull_request_number(named, "octo/demo") == number


def test_approvals_of_the_head_by_others_count() -> None:
    assert seen(review()) == ""
    assert seen(review(), commit=HEAD) == ""
    assert seen(review(), review(EVE), wanted=2) == ""
    assert seen(review(), wanted=2) == "#7 has 1 (user2)"
    assert seen() == "#7 has 0"


@pytest.mark.parametrize(
    "hostile",
    [
        review(AUTHOR),
        review(None),
        review(person=False),
        review(association="CONTRIBUTOR"),
        review(association="NONE"),
        review(association="FIRST_TIME_CONTRIBUTOR"),
        review(association="member"),
        review(state="COMMENTED"),
        review(state="DISMISSED"),
        review(state="PENDING"),
        review(state="approved"),
        review(commit=OLD),
        review(commit=""),
    ],
    ids=str,
)
def test_who_and_what_does_not_count(hostile: PullRequestReview) -> None:
    assert seen(hostile).startswith("#7 has 0")
    assert seen(*[hostile] * 5, wanted=2).startswith("#7 has 0")


def test_one_person_is_one_approval() -> None:
    assert seen(review(), review(), wanted=2) == "#7 has 1 (user2)"


def test_the_last_opinion_counts() -> None:
    assert seen(review(), review(state="DISMISSED")) == "#7 has 0"
    assert seen(review(), review(state="CHANGES_REQUESTED")) == "user2 requested changes in #7"
    assert seen(review(state="CHANGES_REQUESTED"), review()) == ""
    assert seen(review(), review(state="COMMENTED")) == ""
    assert seen(review(commit=OLD), review()) == ""
    assert seen(review(), review(commit=OLD)) == "#7 has 0, 1 of an earlier commit"


def test_whoever_may_write_can_object() -> None:
    objection = review(EVE, "CHANGES_REQUESTED")
    assert seen(review(), objection) == "user3 requested changes in #7"
    assert seen(review(), objection._replace(association="NONE")) == ""
    assert seen(review(), review(AUTHOR, "CHANGES_REQUESTED")) == ""


def test_the_pull_request_must_have_made_the_version() -> None:
    assert seen(review(), commit=OLD) == f"#7 led to {MERGE[:10]}, the version is at {OLD[:10]}"
    assert seen(review(), pull_request=MERGED._replace(result="")) == "#7 is not merged"
    assert seen(review(), pull_request=MERGED._replace(result=""), commit=HEAD) == "#7 is not merged"


reviews = st.lists(
    st.builds(
        PullRequestReview,
        st.sampled_from([AUTHOR, BOB, EVE, 4, None]),
        st.sampled_from(["ada", "bob"]),
        st.booleans(),
        st.sampled_from([*sorted(WRITERS), "CONTRIBUTOR", "NONE"]),
        st.sampled_from(["APPROVED", "CHANGES_REQUESTED", "DISMISSED", "COMMENTED", "PENDING"]),
        st.sampled_from([HEAD, OLD]),
    ),
    max_size=8,
)


@given(reviews=reviews, wanted=st.integers(1, 3))
def test_whoever_passes_has_enough_approving_people(reviews: list[PullRequestReview], wanted: int) -> None:
    if not review_refusals(wanted, MERGED, reviews, MERGE):
        approving = {
            one.user
            for one in reviews
            if one.state == "APPROVED" and one.commit == HEAD and one.person and one.association[0] in "OMC"
        }
        assert len(approving - {AUTHOR, None}) >= wanted
        assert not review_refusals(max(1, wanted - 1), MERGED, reviews, MERGE)


@pytest.mark.parametrize(
    ("signers", "signature", "allowed"),
    [
        (SignerPolicy(ssh="keys"), TagSignature("ssh", "ada@example.org"), True),
        (SignerPolicy(openpgp=(KEY,)), TagSignature("openpgp", KEY), True),
        (SignerPolicy(ssh="keys", openpgp=(KEY,)), TagSignature("openpgp", KEY), True),
        (SignerPolicy(ssh="keys"), TagSignature("openpgp", KEY), False),
        (SignerPolicy(openpgp=(KEY,)), TagSignature("ssh", KEY), False),
        (SignerPolicy(openpgp=(KEY,)), TagSignature("openpgp", "B" * 40), False),
        (SignerPolicy(ssh="keys"), TagSignature("ssh", problem="not allowed"), False),
        (SignerPolicy(ssh="keys"), TagSignature("ssh", "ada", problem="expired"), False),
        (SignerPolicy(ssh="keys"), TagSignature(), False),
    ],
)
def test_who_may_sign(signers: SignerPolicy, signature: TagSignature, allowed: bool) -> None:
    assert (signature_refusals(signers, "m@v1.0.0", signature) == ()) is allowed


def test_a_refusal_names_every_way_out() -> None:
    found = signature_refusals(
        SignerPolicy(ssh="keys", openpgp=(KEY,)), "m@v1.0.0", TagSignature(problem="is not signed")
    )
    assert found == (("signed tag", "is not signed", f"m@v1.0.0 signed by a key of keys or the OpenPGP key {KEY}"),)
