"""Answers in JSON, and what a failure is answered with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gitops_mlops.runtime.served_model import ModelFailure
from gitops_mlops.serving.access import record_of
from gitops_mlops.serving.output import complain

LATER = {"retry-after": "1"}


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(json.dumps(value), status, headers, media_type="application/json")


async def model_failed(request: Request, error: ModelFailure) -> Response:
    """500, and the reason in the log."""
    complain(f"error: {_named(request)}: the model failed ({error})")
    return json_response({"error": "the model failed on rows that its contract admits"}, 500)


async def machine_failed(request: Request, error: MemoryError | OSError) -> Response:
    """503: later it may be well."""
    reason = getattr(error, "strerror", "") or "its memory is full"
    complain(f"error: {_named(request)}: this machine failed ({reason})")
    return json_response({"error": f"the machine of the server failed ({reason}) → try again later"}, 503, LATER)


def _named(request: Request) -> str:
    return f"{request.url.path} (request {record_of(request.scope).id})"


async def bug(request: Request, error: Exception) -> Response:
    """500: nobody foresaw this."""
    return json_response({"error": f"this is a bug of the server ({type(error).__name__})"}, 500)
