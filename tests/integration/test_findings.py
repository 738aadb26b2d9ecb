"""One issue for each finding, whatever happens to issues and findings meanwhile; against the forge's emulator."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gitops_mlops.domain.errors import ExternalError
from gitops_mlops.domain.review.finding import IssueChanges, IssueFinding
from gitops_mlops.reports.rendering.escape import code, marker, prose
from gitops_mlops.usecases.review.findings import LABEL, keep_issues
from tests.fakes.forge import Fault, Forge, lost, running
from tests.integration.forge_client import client

US = "github-actions[bot]"
HOSTILE = "--> <!-- gitops-mlops:finding:watch/other --> @org/team\n<img src=x> `|` ![x](http://a.example)\u202e"


def finding(key: str, text: str = "it is so") -> IssueFinding:
    return IssueFinding(f"watch/{key}", f"{key} is wrong", f"{prose(text)}\n", ("kind",))


def keep(forge: Forge, *found: IssueFinding, limit: int = 20, whole: bool = True) -> IssueChanges:
    return keep_issues(found, "watch/", client(forge), limit, whole=whole)


def titles(forge: Forge) -> list[str]:
    return [one.title for one in forge.repository().issues.values() if one.state == "open"]


def test_an_issue_lives_as_long_as_its_finding(forge: Forge) -> None:
    first = keep(forge, finding("a"), finding("b"))
    assert (len(first.opened), first.changed, first.closed) == (2, (), ())
    issue = forge.repository().issues[first.opened[0]]
    assert (issue.author, issue.labels) == (US, [LABEL, "kind"])
    assert str(issue.body).startswith("<!-- gitops-mlops:finding:watch/a -->\n")
    assert keep(forge, finding("b"), finding("a")) == IssueChanges()
    assert keep(forge, finding("a", "it is worse"), finding("b")) == IssueChanges(changed=(first.opened[0],))
    assert keep(forge, finding("b")) == IssueChanges(closed=(first.opened[0],))
    assert (issue.state, issue.reason) == ("closed", "completed")
    # Back again, it is another one.
    assert len(keep(forge, finding("a"), finding("b")).opened) == 1


def test_a_title_that_a_person_gave_stays(forge: Forge) -> None:
    (number,) = keep(forge, finding("a")).opened
    issue = forge.repository().issues[number]
    issue.title = "ours to mend until Friday"
    # As a browser sends it.
    issue.body = str(issue.body).replace("\n", "\r\n")
    assert keep(forge, finding("a")) == IssueChanges()
    assert keep(forge, finding("a", "worse")) == IssueChanges(changed=(number,))
    assert (issue.title, issue.body) == (
        "ours to mend until Friday",
        "<!-- gitops-mlops:finding:watch/a -->\nworse\n",
    )


def test_duplicates_of_two_runs_at_once_are_closed(forge: Forge) -> None:
    (number,) = keep(forge, finding("a")).opened
    twin = forge.open_issue("twin", forge.repository().issues[number].body, [LABEL], by=US)
    assert keep(forge, finding("a"), whole=False) == IssueChanges(closed=(twin,))
    assert keep(forge, finding("a")) == IssueChanges()


@pytest.mark.parametrize(
    ("author", "body", "labels"),
    [
        ("mallory", marker("watch/a", "finding"), [LABEL]),
        (US, "said by hand", [LABEL]),
        (US, marker("watch/a", "finding"), []),
        (US, marker("watched/a", "finding"), [LABEL]),
    ],
)
def test_what_is_not_ours_is_left_alone(forge: Forge, author: str, body: str, labels: list[str]) -> None:
    number = forge.open_issue("theirs", body, labels, by=author)
    before = forge.repository().issues[number].body
    assert keep(forge) == IssueChanges()
    assert len(keep(forge, finding("a")).opened) == 1
    assert (forge.repository().issues[number].state, forge.repository().issues[number].body) == ("open", before)


def test_what_was_not_looked_at_is_not_cured(forge: Forge) -> None:
    keep(forge, finding("a"), finding("b"))
    assert keep(forge, finding("b"), whole=False) == IssueChanges()
    assert titles(forge) == ["a is wrong", "b is wrong"]


def test_many_findings_make_few_issues(forge: Forge) -> None:
    many = [finding(f"{index:02}", HOSTILE) for index in range(9)]
    assert len(keep(forge, *many, limit=3).opened) == 4
    assert titles(forge) == ["00 is wrong", "01 is wrong", "02 is wrong", "More findings"]
    assert keep(forge, *reversed(many), limit=3) == IssueChanges()
    # What has an issue keeps it, though others would come first.
    kept = keep(forge, *many[1:], limit=3)
    assert (len(kept.opened), len(kept.changed), len(kept.closed)) == (1, 1, 1)
    assert titles(forge) == ["01 is wrong", "02 is wrong", "More findings", "03 is wrong"]
    keep(forge)
    assert titles(forge) == []


def test_hostile_words_name_no_other_finding(forge: Forge) -> None:
    evil = IssueFinding(f"watch/{HOSTILE}", HOSTILE, f"{prose(HOSTILE)} {code(HOSTILE)}\n" * 2000)
    keep(forge, finding("other"), evil)
    assert keep(forge, finding("other"), evil) == IssueChanges()
    (issue,) = [one for one in forge.repository().issues.values() if "org" in one.title]
    assert "\n" not in issue.title
    assert "\u202e" not in issue.title
    assert len(str(issue.body)) < 65_536
    assert len(keep(forge, finding("other")).closed) == 1
    assert titles(forge) == ["other is wrong"]


def test_a_forge_that_loses_answers_has_one_issue(forge: Forge) -> None:
    forge.faults.append(lost("POST /repos/octo/demo/issues"))
    keep(forge, finding("a"))
    assert titles(forge) == ["a is wrong"]


def test_a_run_that_was_cut_off_is_made_good(forge: Forge) -> None:
    forge.faults.extend(Fault(status=403, body=b"{}", only="POST /repos") for _ in range(9))
    with pytest.raises(ExternalError):
        keep(forge, finding("a"), finding("b"))
    forge.faults.clear()
    keep(forge, finding("a"), finding("b"))
    assert titles(forge) == ["a is wrong", "b is wrong"]


class Issues(RuleBasedStateMachine):
    """Findings come, change and go; people rename, close, reopen, copy and write issues in between."""

    KEYS = st.sampled_from(["a", "b/c", "b/c d", "é--", HOSTILE])

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.forge = self.stack.enter_context(running("octo/demo"))
        self.wanted: dict[str, IssueFinding] = {}
        self.theirs: dict[int, str | None] = {}
        self.told = True

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def stranger(self) -> None:
        self._write("mallory", marker("watch/a", "finding"), [LABEL])

    @rule(key=KEYS, text=st.sampled_from(["bad", "worse", HOSTILE]))
    def found(self, key: str, text: str) -> None:
        self.wanted[key] = finding(key, text)
        self.told = False

    @rule(key=KEYS)
    def cured(self, key: str) -> None:
        self.told = self.wanted.pop(key, None) is None and self.told

    @rule(author=st.sampled_from(["mallory", US]), key=KEYS)
    def elsewhere(self, author: str, key: str) -> None:
        self._write(author, marker(f"other/{key}", "finding"), [LABEL])

    @precondition(lambda self: self._ours())
    @rule(data=st.data())
    def a_person_closes(self, data: st.DataObject) -> None:
        self.forge.close(data.draw(st.sampled_from(self._ours())))
        self.told = False

    @precondition(lambda self: self._ours())
    @rule(data=st.data())
    def somebody_doubles(self, data: st.DataObject) -> None:
        one = self.forge.repository().issues[data.draw(st.sampled_from(self._ours()))]
        self.forge.open_issue("twin", one.body, [LABEL], by=US)
        self.told = False

    @rule()
    def a_run(self) -> None:
        keep(self.forge, *self.wanted.values())
        self.told = True
        assert keep(self.forge, *self.wanted.values()) == IssueChanges()

    @invariant()
    def each_finding_has_one_issue(self) -> None:
        issues = self.forge.repository().issues
        for number, body in self.theirs.items():
            assert (issues[number].state, issues[number].body) == ("open", body)
        if self.told:
            marks = sorted(str(issues[number].body).split("\n")[0] for number in self._ours())
            assert marks == sorted(marker(one.key, "finding") for one in self.wanted.values())

    def _ours(self) -> list[int]:
        issues = self.forge.repository().issues
        return [number for number, one in issues.items() if one.state == "open" and number not in self.theirs]

    def _write(self, author: str, body: str, labels: list[str]) -> None:
        self.theirs[self.forge.open_issue("theirs", body, labels, by=author)] = body


TestIssues = Issues.TestCase
TestIssues.settings = settings(max_examples=15, stateful_step_count=20)
