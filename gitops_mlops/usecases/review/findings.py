"""Keep one issue at the forge for each finding: opened when it is new, changed with it, closed when it is cured.

An issue is ours when we wrote it and its text holds our marker. A person may give it another title, which stays;
the text is ours. Who closes one whose finding still holds gets another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_mlops.domain.ports import Forge
from gitops_mlops.domain.review.finding import IssueChanges, IssueFinding
from gitops_mlops.domain.review.forge import ForgeIssue
from gitops_mlops.domain.shortening import shorten
from gitops_mlops.reports.rendering.escape import marked_finding, marker, prose, visible

LABEL = "gitops-mlops"
LIMIT = 20
_LONGEST_TITLE = 200
# GitHub takes 65,536 characters.
_LONGEST_BODY = 60_000


def keep_issues(
    found: Iterable[IssueFinding], scope: str, forge: Forge, limit: int = LIMIT, *, whole: bool = True
) -> IssueChanges:
    """Bring the issues whose key begins with `scope` to what was found, which is all that is wrong there.

    Where not all was looked at (it is not the `whole`), nothing is taken for cured.

    At most `limit` have an issue of their own, the others one together, so that the same findings again change
    nothing. Raises OutsideError when the forge cannot be asked or told.
    """
    held = _ours(forge, scope)
    opened, changed, closed = [], [], []
    for finding in _within(sorted({one.key: one for one in found}.values()), held, scope, limit):
        mark = _mark(finding.key)
        body = f"{mark}\n{shorten(finding.body, _LONGEST_BODY)}"
        mine = held.pop(mark, [])
        if not mine:
            title = shorten(visible(finding.title), _LONGEST_TITLE)
            opened.append(forge.open_issue(title, body, (LABEL, *finding.labels)))
            continue
        if _lines(mine[0].body) != _lines(body):
            forge.edit_issue(mine[0].number, mine[0].title, body)
            changed.append(mine[0].number)
        # Two runs at the same moment may both have opened one.
        held[mark] = mine[1:]
        if not whole:
            for issue in held.pop(mark):
                forge.close_issue(issue.number)
                closed.append(issue.number)
    for issue in (issue for issues in held.values() for issue in issues if whole):
        forge.close_issue(issue.number)
        closed.append(issue.number)
    return IssueChanges(tuple(opened), tuple(changed), tuple(sorted(closed)))


def _ours(forge: Forge, scope: str) -> dict[str, list[ForgeIssue]]:
    """Our open issues by their marker, each list by number."""
    us, held = forge.login(), dict[str, list[ForgeIssue]]()
    prefix = _mark(scope).removesuffix(" -->")
    for issue in sorted(forge.issues(LABEL)):
        mark = marked_finding(issue.body)
        if issue.author == us and mark.startswith(prefix):
            held.setdefault(mark, []).append(issue)
    return held


def _within(
    found: Sequence[IssueFinding], held: dict[str, list[ForgeIssue]], scope: str, limit: int
) -> list[IssueFinding]:
    """The findings that get an issue; those that have one keep it."""
    first = sorted(found, key=lambda finding: _mark(finding.key) not in held)
    shown, rest = first[:limit], first[limit:]
    if rest:
        listed = "\n".join(f"- {prose(finding.title)}" for finding in rest)
        body = f"Further findings, which have no issue of their own:\n\n{listed}\n"
        shown.append(IssueFinding(f"{scope}more", "More findings", body))
    return shown


def _mark(key: str) -> str:
    return marker(key, "finding")


def _lines(text: str) -> list[str]:
    """Forges and browsers end lines in other ways than we do."""
    return text.replace("\r\n", "\n").rstrip().split("\n")
