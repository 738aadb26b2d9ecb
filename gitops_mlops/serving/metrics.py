"""What Prometheus scrapes. Labels come from small closed sets, never from a request's text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gitops_mlops.domain.deployment.bundle import Bundle

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class ServerMetrics:
    """The counters of one server."""

    def __init__(self, bundle: Bundle, digest: str) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "gitops_mlops_requests", "Requests by endpoint and status.", ["endpoint", "code"], registry=self._registry
        )
        self.seconds = Histogram(
            "gitops_mlops_request_seconds",
            "From the first byte of a request that was routed to the last of its response.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge("gitops_mlops_in_flight", "Requests being answered.", registry=self._registry)
        self.rows = Counter("gitops_mlops_rows", "Rows predicted.", registry=self._registry)
        self.refused_rows = Counter(
            "gitops_mlops_refused_rows", "Rows that the contract refused.", registry=self._registry
        )
        self.logged = Counter("gitops_mlops_logged", "Rows written to the log.", ["kind"], registry=self._registry)
        self.log_dropped = Counter(
            "gitops_mlops_log_dropped",
            "Rows that did not reach the log: its queue was full, or writing failed.",
            ["kind", "reason"],
            registry=self._registry,
        )
        info = Gauge(
            "gitops_mlops_model_info",
            "Always 1; the labels say what is served.",
            ["model", "version", "commit", "bundle"],
            registry=self._registry,
        )
        info.labels(bundle.model, bundle.version, bundle.commit, digest).set(1)

    def count_logged(self, kind: str, outcome: str, rows: int) -> None:
        """Rows of a kind that were written to the log, or dropped: then `outcome` is the reason."""
        if outcome == "written":
            self.logged.labels(kind).inc(rows)
        else:
            self.log_dropped.labels(kind, outcome).inc(rows)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
