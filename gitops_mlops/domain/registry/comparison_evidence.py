"""What a comparison contributes to a version's evidence, and when it stands against one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_mlops.domain.comparison.report import Report, parse_report
from gitops_mlops.domain.digests import sha256_of, short_sha
from gitops_mlops.domain.errors import MissingEvidence, UsageError
from gitops_mlops.domain.registry import evidence
from gitops_mlops.domain.registry.change import RuleRefusal
from gitops_mlops.domain.registry.evidence import MetricEvidence, Trailer
from gitops_mlops.domain.statistics.results import MetricResult

# The verdicts that a version may be registered with.
RELEASABLE = ("pass", "warn")
_AGAIN = "run compare on this commit again"


def read_report(content: bytes, name: str, artifact: str) -> Report:
    """The report about a model.

    Raises EvidenceMissing for what is not a report or names no model file, UsageError for another model's.
    """
    report = parse_report(content, name)
    if report.model != artifact:
        raise UsageError(f"the report is about {report.model!r}, not {artifact!r}", where=name, hint=_AGAIN)
    if not report.challenger.model_sha256:
        raise MissingEvidence("the report does not record which model file it measured", where=name, hint=_AGAIN)
    return report


def require_same_model(report: Report, sha256: str, name: str) -> None:
    """Raises EvidenceMissing when the report measured another file than the one with this SHA-256."""
    seen = report.challenger.model_sha256
    if seen != sha256:
        raise MissingEvidence(
            f"the report measured another model file (SHA-256 {short_sha(seen)}, not {short_sha(sha256)})",
            where=name,
            hint=_AGAIN,
        )


def verdict_refusals(verdict: str, enough: Sequence[str] = RELEASABLE) -> tuple[RuleRefusal, ...]:
    """Why a verdict stands against a release: it is none of those that are enough."""
    if verdict in enough:
        return ()
    return (RuleRefusal("verdict", verdict, f"a comparison that ends in {' or '.join(enough)}"),)


def report_refusals(report: Report, enough: Sequence[str] = RELEASABLE) -> tuple[RuleRefusal, ...]:
    """The gates that block, or the verdict when no gate does."""
    against = verdict_refusals(report.verdict, enough)
    blocked = tuple(
        RuleRefusal(f"gate {gate.id}", gate.reason, gate.requirement)
        for gate in report.gates
        if gate.status == "block"
    )
    return (blocked or against) if against else ()


def report_trailers(report: Report, content: bytes) -> Iterator[Trailer]:
    """The comparison as trailers; `content` are the report's bytes, whose SHA-256 identifies it."""
    yield from ((evidence.DATA_MD5, f"{path}={md5}") for path, md5 in report.challenger.data_md5.items())
    yield evidence.VERDICT, report.verdict
    if report.champion is not None:
        yield evidence.CHAMPION, report.champion.version or report.champion.commit or report.champion.revision
    yield from ((evidence.METRIC, str(_metric(each))) for each in report.metrics if each.challenger is not None)
    yield from ((evidence.GATE, f"{gate.id}={gate.status}") for gate in report.gates)
    yield evidence.REPORT_SHA256, sha256_of(content)


def _metric(result: MetricResult) -> MetricEvidence:
    interval = result.challenger_ci
    assert result.challenger is not None
    return MetricEvidence(
        result.name,
        result.challenger,
        interval.low if interval else None,
        interval.high if interval else None,
        result.champion,
    )
