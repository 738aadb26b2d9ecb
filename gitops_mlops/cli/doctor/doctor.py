"""`gitops-mlops doctor`."""

from __future__ import annotations

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.issues import issues_option, keep
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress
from gitops_mlops.domain.doctor.checks import Diagnosis, Severity
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, FileProblemLine


@click.command(epilog="Example: gitops-mlops doctor --fix")
@click.option("--fix", is_flag=True, help="Fix what can be fixed without losing anything, and check again.")
@click.option("--offline", is_flag=True, help="Do not query the remote for its tags.")
@issues_option
@json_option
@pass_session
def doctor(session: Session, fix: bool, offline: bool, issues: bool, as_json: bool) -> int:
    """Say what is wrong with this repository or its set-up, and how to fix it.

    The tags are compared with the remote, their commits and the ledger; then the set-up is checked, and what is
    left to do. Exits with 0 when nothing is wrong (notes are not) or --issues reported it, with 1 otherwise.
    docs/doctor.md explains every finding.
    """
    from gitops_mlops.reports.doctor.diagnosis import diagnosis_data, diagnosis_findings, diagnosis_text
    from gitops_mlops.usecases.doctor.doctor import doctor as look

    diagnosis = look(lambda: bootstrap.repository_under_check(session.folder), fix=fix, offline=offline)
    for line in diagnosis.skipped:
        progress(f"skipped: {line}")
    mark(_problems(diagnosis, Severity.ERROR), _problems(diagnosis, Severity.WARNING))
    emit(diagnosis, as_json, diagnosis_text, diagnosis_data)
    if issues:
        keep(diagnosis_findings(diagnosis), ["doctor/"], whole=not diagnosis.skipped)
        return DONE
    return DONE if diagnosis.well else VERDICT_AGAINST


def _problems(diagnosis: Diagnosis, severity: Severity) -> list[FileProblemLine]:
    found = (one for one in diagnosis.findings if one.severity is severity)
    return [FileProblemLine(one.where, 0, 0, f"doctor: {one.id}", one.message, one.fix) for one in found]
