"""The HTTP application: Open Inference Protocol v2, MLflow scoring, feedback and metrics for one model.

Everything that a request costs happens in a worker thread (parsing, admission, prediction, encoding), so
that health is answered while a batch is computed. Every refusal is `{"error": "…"}` with a 4xx; a 500 means
that the model failed on rows that its contract admits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from gitops_mlops import __version__
from gitops_mlops.domain.shortening import escaped
from gitops_mlops.runtime.served_model import ModelFailure, ServedModel
from gitops_mlops.serving import answers
from gitops_mlops.serving.access import RequestRecord, record_of
from gitops_mlops.serving.body import HttpRefusal, parse_json
from gitops_mlops.serving.metrics import CONTENT_TYPE, ServerMetrics
from gitops_mlops.serving.observed import RequestObserver
from gitops_mlops.serving.request import (
    InferenceRequest,
    feedback_labels,
    infer_question,
    mlflow_question,
)
from gitops_mlops.serving.responses import LATER, bug, json_response, machine_failed, model_failed

if TYPE_CHECKING:
    # Only a server that keeps a log needs polars.
    from gitops_mlops.serving.prediction_log import PredictionLog


# For labels to reach the disk, in seconds.
_DISK_PATIENCE = 10.0


@dataclass(frozen=True)
class RequestLimits:
    """How much clients may ask for: `body` in bytes, to be sent within `body_seconds`; `concurrency` in requests."""

    body: int = 1024 * 1024
    rows: int = 10_000
    concurrency: int = 64
    connections: int = 500
    body_seconds: float = 10.0
    workers: int = max(1, min(4, os.cpu_count() or 1))


class ModelService:
    """The endpoints. `ready` is False from the moment that the server was told to end.

    `recording` is False while only its examiner asks: what he is told is no prediction for anybody.
    """

    def __init__(
        self, served: ServedModel, metrics: ServerMetrics, limits: RequestLimits, log: PredictionLog | None = None
    ) -> None:
        self.served = served
        self.metrics = metrics
        self.limits = limits
        self.log = log
        self.ready = True
        self.recording = True
        self._active = 0
        self._workers = ThreadPoolExecutor(limits.workers, "inference", initializer=_stay_alone)
        self._metadata = answers.model_metadata(served)

    def app(self, access_log: bool = False) -> ASGIApp:
        """The application to hand to a server; with `access_log` each request is a line on standard error."""
        routes = [
            Route("/v2", self.server_metadata),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.readiness),
            *(
                Route(f"/v2/models/{self.served.bundle.model}{version}{verb}", endpoint, methods=[method])
                for verb, endpoint, method in (
                    ("/infer", self.infer, "POST"),
                    ("/ready", self.model_readiness, "GET"),
                    ("", self.model_metadata, "GET"),
                )
                for version in ("/versions/{version}", "")
            ),
            Route("/invocations", self.invocations, methods=["POST"]),
            Route("/feedback", self.feedback, methods=["POST"]),
            Route("/ping", self.ping),
            Route("/health", self.ping),
            Route("/version", self.version),
            Route("/metrics", self.exposition),
        ]
        handlers: Mapping[Any, Callable[[Request, Any], Awaitable[Response]]] = {
            HTTPException: self._no_such_route,
            HttpRefusal: self._refuse,
            ModelFailure: model_failed,
            MemoryError: machine_failed,
            OSError: machine_failed,
            Exception: bug,
        }
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        inner.router.redirect_slashes = False
        return RequestObserver(inner, self.metrics, access_log)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self._workers.shutdown()
        if self.log is not None:
            await asyncio.to_thread(self.log.close)

    async def server_metadata(self, _: Request) -> Response:
        """GET /v2: which server this is."""
        return json_response({"name": "gitops-mlops", "version": __version__, "extensions": []})

    async def live(self, _: Request) -> Response:
        """GET /v2/health/live: whether the process answers."""
        return json_response({"live": True})

    async def readiness(self, _: Request) -> Response:
        """GET /v2/health/ready: whether to send requests here; 503 once the server was told to end."""
        # What keeps a log from being written is no reason to send requests elsewhere.
        trouble = self.log.trouble() if self.log is not None else ""
        told = {"ready": self.ready} | ({"log": trouble} if trouble else {})
        return json_response(told, 200 if self.ready else 503)

    async def ping(self, _: Request) -> Response:
        """GET /ping, /health: readiness as MLflow asks for it."""
        return Response("\n", 200 if self.ready else 503, media_type="application/json")

    async def version(self, _: Request) -> Response:
        """GET /version: ours, as plain text."""
        return Response(__version__, media_type="text/plain")

    async def exposition(self, _: Request) -> Response:
        """GET /metrics."""
        return Response(self.metrics.exposition(), headers={"content-type": CONTENT_TYPE})

    async def model_metadata(self, request: Request) -> Response:
        """GET /v2/models/M[/versions/V]: inputs, outputs, and which bundle this is."""
        self._check_version(request)
        return Response(self._metadata, media_type="application/json")

    async def model_readiness(self, request: Request) -> Response:
        """GET /v2/models/M[/versions/V]/ready."""
        self._check_version(request)
        return json_response({"name": self.served.bundle.model, "ready": self.ready}, 200 if self.ready else 503)

    async def infer(self, request: Request) -> Response:
        """POST /v2/models/M[/versions/V]/infer."""
        self._check_version(request)
        return await self._answer(request, infer_question, answers.infer_response)

    async def invocations(self, request: Request) -> Response:
        """POST /invocations: MLflow's scoring protocol."""
        return await self._answer(request, mlflow_question, answers.mlflow_response)

    async def feedback(self, request: Request) -> Response:
        """POST /feedback: true labels of earlier predictions, by their ids; on disk when 202 says so."""
        if self.log is None:
            raise HttpRefusal(404, "feedback is not kept here → start the server with --log-dir")
        log = self.log
        body = await self._body(request)
        count = 0

        def keep() -> Future[str]:
            nonlocal count
            ids, labels = feedback_labels(parse_json(body), self.served, self.limits.rows)
            count = len(ids)
            return log.feedback(ids, labels)

        kept = await asyncio.get_running_loop().run_in_executor(self._workers, keep)
        # Nothing of this waits in a worker: where a disk hangs, predictions are answered.
        done, _ = await asyncio.wait([asyncio.wrap_future(kept)], timeout=_DISK_PATIENCE)
        lost = done.pop().result() if done else f"it is not written after {_DISK_PATIENCE:g} s"
        if lost:
            raise HttpRefusal(503, f"the labels could not be kept ({lost}) → send them again later")
        return json_response({"accepted": count}, 202)

    def _check_version(self, request: Request) -> None:
        bundle = self.served.bundle
        version = request.path_params.get("version", bundle.version)
        if version != bundle.version:
            raise HttpRefusal(
                404, f"there is no version {escaped(version)} of {bundle.model} here → {bundle.version}"
            )

    async def _answer(
        self,
        request: Request,
        ask: Callable[[Any, Any, int], InferenceRequest],
        respond: Callable[[ServedModel, InferenceRequest, answers.NamedAnswer], bytes],
    ) -> Response:
        if self._active >= self.limits.concurrency:
            raise HttpRefusal(503, f"{self._active} requests are being answered → try again in a second")
        self._active += 1
        try:
            body = await self._body(request)
            record = record_of(request.scope)
            content = await self._in_thread(lambda: self._predict(body, record, ask, respond))
        finally:
            self._active -= 1
        return Response(content, media_type="application/json")

    def _predict(
        self,
        body: bytes,
        record: RequestRecord,
        ask: Callable[[Any, Any, int], InferenceRequest],
        respond: Callable[[ServedModel, InferenceRequest, answers.NamedAnswer], bytes],
    ) -> bytes:
        question = ask(parse_json(body), self.served.contract, self.limits.rows)
        record.rows = question.rows
        answers.check_outputs(self.served, question)
        admission = self.served.admitter.admit(question.columns, question.rows)
        if admission.refusals:
            self.metrics.refused_rows.inc(admission.refused_rows)
            details = [vars(refusal) for refusal in admission.refusals]
            raise HttpRefusal(422, admission.message, details={"refused": admission.refused, "refusals": details})
        answer = self.served.answer(admission.columns)
        ids = [f"{record.own}-{row}" for row in range(question.rows)]
        content = respond(self.served, question, answers.NamedAnswer(record.id, ids, answer))
        self.metrics.rows.inc(question.rows)
        if self.log is not None and self.recording:
            self.log.predictions(ids, admission.columns, answer)
        return content

    async def _in_thread(self, work: Callable[[], bytes]) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)

    async def _body(self, request: Request) -> bytes:
        """The body of a JSON request, within the limits of size and time."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HttpRefusal(415, "send content-type: application/json")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HttpRefusal(415, "send the body without content-encoding")
        too_large = HttpRefusal(413, f"the body is larger than {self.limits.body} bytes")
        declared = request.headers.get("content-length", "0")
        if len(declared) > 15 or int(declared) > self.limits.body:
            raise too_large
        content = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                async for chunk in request.stream():
                    content += chunk
                    if len(content) > self.limits.body:
                        raise too_large
        except TimeoutError:
            raise HttpRefusal(408, f"the body did not arrive within {self.limits.body_seconds:g} seconds") from None
        except ClientDisconnect:
            raise HttpRefusal(400, "the client went away") from None
        return bytes(content)

    async def _refuse(self, _: Request, refused: HttpRefusal) -> Response:
        response = json_response({"error": refused.message, **refused.details}, refused.status)
        if refused.status == 503:
            response.headers.update(LATER)
        if refused.status == 408:
            response.headers["connection"] = "close"
        return response

    async def _no_such_route(self, request: Request, error: HTTPException) -> Response:
        reason = "the method is not allowed" if error.status_code == 405 else "there is no such endpoint"
        message = f"{request.method} {escaped(request.url.path)}: {reason} → /v2/models/{self.served.bundle.model}"
        response = json_response({"error": message}, error.status_code)
        response.headers.update(error.headers or {})
        return response


def _stay_alone() -> None:
    """Keep a worker's OpenMP and BLAS to the worker's own thread.

    Requests are what runs in parallel. A team of threads for one row of a gradient-boosted model took 28 ms
    where one thread takes 4, for 10,000 rows 178 ms instead of 49 (two busy cores).
    """
    threadpool_limits(1)
