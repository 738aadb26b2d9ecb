"""The base of files that jobs exchange: every text is bounded, every number finite, nothing unknown is accepted.

A text that this program says itself is shortened as it is put in. One that a file brings along is never cut: where it
is too long, the file is refused.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from gitops_mlops.domain.shortening import TEXT, WORD, shorten


def _shortened_to(limit: int) -> BeforeValidator:
    def shortened(said: object, info: ValidationInfo) -> object:
        return shorten(said, limit) if isinstance(said, str) and info.mode == "python" else said

    return BeforeValidator(shortened)


Text = Annotated[str, Field(max_length=TEXT), _shortened_to(TEXT)]
Word = Annotated[str, Field(max_length=WORD), _shortened_to(WORD)]


class DocumentPart(BaseModel):
    """Base of every part of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
