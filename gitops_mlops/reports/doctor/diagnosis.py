"""What doctor found, for people and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from gitops_mlops.domain.doctor.checks import OF_ONE_CLONE, Diagnosis, DoctorFinding, Severity
from gitops_mlops.domain.review.finding import IssueFinding as Issue
from gitops_mlops.domain.shortening import left_out
from gitops_mlops.reports.rendering.escape import code, prose
from gitops_mlops.reports.rendering.problems import counted
from gitops_mlops.reports.rendering.terminal import printable

_WIDTH = max(len(severity) for severity in Severity)

_MOST = 100


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """What was fixed, then the findings by group, each with what fixes it, then how many there are."""
    lines = [
        f"could not fix {each.finding.id}, {each.finding.where}: {each.failure}"
        if each.failure
        else f"fixed {each.finding.id}, {each.finding.where}: {each.finding.remedy}"
        for each in diagnosis.fixed
    ]
    for group, found in groupby(diagnosis.findings, key=lambda finding: finding.group):
        lines += ["", group, *(line for finding in found for line in _paragraph(finding))]
    lines += ["", _summary(diagnosis)]
    return "\n".join(printable(line) for line in lines).lstrip("\n")


def diagnosis_findings(diagnosis: Diagnosis) -> Iterator[Issue]:
    """What is wrong, for issues: the findings of one check about one place are one. Notes are none, nor is what
    concerns this clone alone.
    """
    places: dict[tuple[str, str], list[DoctorFinding]] = {}
    for finding in diagnosis.findings:
        if finding.severity is not Severity.NOTE and finding.id not in OF_ONE_CLONE:
            places.setdefault((finding.id, finding.where), []).append(finding)
    for (check, where), found in places.items():
        lines = [f"- {prose(one.message, 1000)}\n  **To fix it:** {prose(one.fix, 1000)}" for one in found[:_MOST]]
        lines += [f"- {text}" for text in left_out(len(found), _MOST, "findings")]
        head = f"{code('gitops-mlops doctor')} found this about {code(where, 200)} (check {code(check)}):"
        foot = "This issue is closed once it is fixed."
        body = "\n\n".join([head, "\n".join(lines), foot])
        yield Issue(f"doctor/{check}/{where}", f"{where}: {found[0].message}", f"{body}\n")


def diagnosis_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """The same as JSON-ready data."""
    return {
        "healthy": diagnosis.well,
        "findings": [_data(finding) for finding in diagnosis.findings],
        "skipped": list(diagnosis.skipped),
        "fixed": [
            {**_data(each.finding), "action": "" if each.failure else each.finding.remedy, "failure": each.failure}
            for each in diagnosis.fixed
        ],
    }


def _paragraph(finding: DoctorFinding) -> Iterator[str]:
    yield f"  {finding.severity:<{_WIDTH}}  {finding.where}: {finding.message}"
    fix = "; --fix does it" if finding.fixable else ""
    yield f"  {'':<{_WIDTH}}  → {finding.fix} ({finding.id}{fix})"


def _summary(diagnosis: Diagnosis) -> str:
    if not diagnosis.findings:
        return "Nothing is wrong"
    counts = Counter(finding.severity for finding in diagnosis.findings)
    told = ", ".join(counted(counts[severity], severity) for severity in Severity if counts[severity])
    fixable = sum(finding.fixable for finding in diagnosis.findings)
    ending = f"; {fixable} of them can be fixed with --fix" if fixable else ""
    return f"{'Nothing is wrong, ' if diagnosis.well else ''}{told}{ending}"


def _data(finding: DoctorFinding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "group": finding.group,
        "severity": finding.severity,
        "where": finding.where,
        "message": finding.message,
        "fix": finding.fix,
        "fixable": finding.fixable,
    }
