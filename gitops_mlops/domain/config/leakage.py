"""What `mlops.yaml` says of leaks: from when on a feature is too good to be true, and what each finding does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gitops_mlops.domain.document.typed import ConfigSection

Reaction = Literal["block", "warn", "ignore"]
_Strength = Annotated[float, Field(gt=0.5, le=1)]


class LeakageConfig(ConfigSection):
    """The checks of a comparison's data. `allowed` are columns that are known before the prediction, however good.

    `suspect` and `certain` are what one feature alone reaches, as ROC-AUC or, for numbers, as absolute rank
    correlation: from the first on it warns, from the second on it blocks. A feature that the champion does not have
    warns from `suspect_new` on.
    """

    suspect: _Strength = 0.95
    suspect_new: _Strength = 0.9
    certain: _Strength = 0.99
    allowed: tuple[str, ...] = ()
    label: Reaction = "block"
    identifiers: Reaction = "warn"
    shared: Reaction = "warn"
    time_order: Reaction = "block"
    duplicates: Reaction = "warn"

    @model_validator(mode="after")
    def _in_order(self) -> LeakageConfig:
        if max(self.suspect, self.suspect_new) > self.certain:
            raise ValueError("suspect or suspect-new is greater than certain → what warns comes before what blocks")
        return self
