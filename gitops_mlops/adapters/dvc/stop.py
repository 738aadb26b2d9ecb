"""What ends a run of the pipeline before its end."""

from __future__ import annotations

from gitops_mlops.domain.shortening import TEXT, shorten


class WorkerStop(Exception):
    """What ends the run: `kind` is `stage`, `missing`, `usage` or `outside`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = shorten(" ".join(message.split()), TEXT)
