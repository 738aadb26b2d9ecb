"""What `mlops.yaml` says of fairness: between which groups, and how far apart they may drift."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_mlops.domain.document.typed import ConfigSection

GapName = Literal["demographic_parity", "equalized_odds"]


GAP_WORDS: dict[GapName, str] = {"demographic_parity": "demographic parity", "equalized_odds": "equalised odds"}


class FairnessConfig(ConfigSection):
    """The columns whose values are groups of people, and what of a gap between groups is too much.

    A gap that grows significantly by more than `max_worsening` against the champion blocks; one of more than
    `warn_abs`, whatever it was before, warns.
    """

    sensitive: tuple[str, ...] = Field(min_length=1, max_length=10)
    max_worsening: float = Field(default=0.02, ge=0, le=1)
    warn_abs: float = Field(default=0.10, ge=0, le=1)
