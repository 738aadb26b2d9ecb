"""Servers that speak the Open Inference Protocol, over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import urllib3

from gitops_mlops.domain.deployment.inference import InferenceResult, Row, joined, to_answers, to_tensors
from gitops_mlops.domain.deployment.reconciliation import RunningServer
from gitops_mlops.domain.errors import ExternalError, NoAnswer, PlaceError, UsageError
from gitops_mlops.domain.shortening import LINE, TEXT, shorten
from gitops_mlops.log import Logger

_LOG = Logger(__name__)
_LOOK = urllib3.Timeout(connect=2.0, read=5.0)
# For an answer to rows, in seconds.
_PATIENCE = 60.0
_MAX_BYTES = 64 * 1024 * 1024
_TOO_LARGE = 413
_MACHINE_FAILED = 503


class HttpInference:
    """The client. Every call opens and closes its own connection, so that none delays a server that leaves."""

    def running(self, address: str, model: str) -> RunningServer | None:
        """What answers there, None when nothing does or it is no server of this model."""
        try:
            metadata = _get(_model(address, model))
            health = _request("GET", f"{address}/v2/health/ready")
            parameters = metadata["parameters"]
            return RunningServer(
                model=str(metadata["name"]),
                version=str(metadata["versions"][0]),
                commit=str(parameters["commit"]),
                digest=str(parameters["bundle_digest"]),
                ready=health.status == 200,
                log=_log_trouble(health.data),
            )
        except (ExternalError, UsageError, TypeError, KeyError, IndexError):
            return None

    def inputs(self, address: str, model: str) -> dict[str, str]:
        """The columns that the model takes, and their tensor datatypes."""
        metadata = _get(_model(address, model))
        try:
            return {str(column["name"]): str(column["datatype"]) for column in metadata["inputs"]}
        except (TypeError, KeyError) as error:
            raise ExternalError("does not describe its inputs", where=address) from error

    def predict(self, address: str, model: str, rows: Sequence[Row], patience: float = _PATIENCE) -> InferenceResult:
        """Predictions for rows, in their order; a batch that is too large for the server is halved."""
        return self._ask(f"{_model(address, model)}/infer", rows, self.inputs(address, model), patience)

    def _ask(self, url: str, rows: Sequence[Row], datatypes: dict[str, str], patience: float) -> InferenceResult:
        try:
            body = json.dumps({"inputs": to_tensors(rows, datatypes)}, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"a row has a value that JSON cannot hold ({error})", hint="null stands for missing"
            ) from error
        response = _request("POST", url, body, patience)
        if response.status == _TOO_LARGE and len(rows) > 1:
            half = len(rows) // 2
            return joined([self._ask(url, part, datatypes, patience) for part in (rows[:half], rows[half:])])
        return to_answers(_answer(response, url), len(rows), url)


def _model(address: str, model: str) -> str:
    return f"{address}/v2/models/{quote(model)}"


def _get(url: str) -> Any:
    return _answer(_request("GET", url), url)


def _log_trouble(content: bytes) -> str:
    """What a server says of its prediction log beside its health; "" for nothing."""
    try:
        return shorten(str(json.loads(content).get("log", "")), LINE)
    except (AttributeError, ValueError, RecursionError):
        return ""


def _request(
    method: str, url: str, body: bytes | None = None, patience: float = _PATIENCE
) -> urllib3.BaseHTTPResponse:
    headers = {"connection": "close"} | ({"content-type": "application/json"} if body is not None else {})
    begun = time.perf_counter()
    try:
        with urllib3.PoolManager(num_pools=1) as pool:
            response = pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=_LOOK if body is None else urllib3.Timeout(connect=5.0, read=patience),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                content = response.read(_MAX_BYTES + 1)
            finally:
                response.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        _LOG.info("%s %s failed after %.3f s: %s", method, url, time.perf_counter() - begun, _reason(error))
        raise NoAnswer(f"does not answer ({_reason(error)})", where=url) from error
    _LOG.info("%s %s answered %d after %.3f s", method, url, response.status, time.perf_counter() - begun)
    _LOG.debug("%s %s: sent %d bytes, received %d", method, url, len(body or b""), len(content))
    if len(content) > _MAX_BYTES:
        raise ExternalError(f"answered more than {_MAX_BYTES} bytes", where=url)
    return urllib3.HTTPResponse(body=content, status=response.status, preload_content=True)


def _answer(response: urllib3.BaseHTTPResponse, url: str) -> Any:
    try:
        body = json.loads(response.data)
    except (UnicodeDecodeError, ValueError, RecursionError):
        body = None
    if response.status == 200 and body is not None:
        return body
    said = body.get("error") if isinstance(body, dict) else None
    message = shorten(str(said), TEXT) if said else "its answer cannot be read"
    if 400 <= response.status < 500 and response.status not in (404, 408, 429):
        raise UsageError(message, where=f"{url} answered {response.status}")
    if response.status == _MACHINE_FAILED:
        raise PlaceError(message, where=f"{url} answered {response.status}")
    raise ExternalError(message, where=f"{url} answered {response.status}")


def _reason(error: Exception) -> str:
    inner = error.__cause__ or error
    return getattr(inner, "strerror", None) or type(inner).__name__
