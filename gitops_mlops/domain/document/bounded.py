"""The base of files that jobs exchange: every text is bounded, every number finite, nothing unknown is let in."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=2000)]


Word = Annotated[str, Field(max_length=200)]


class DocumentPart(BaseModel):
    """Base of every part of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
