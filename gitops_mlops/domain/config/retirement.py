"""`retirement:` of a model in `mlops.yaml`: from when on its versions are proposed for retirement."""

from __future__ import annotations

from pydantic import Field, model_validator

from gitops_mlops.domain.config.values import Seconds
from gitops_mlops.domain.document.typed import ConfigSection


class RetirementPolicy(ConfigSection):
    """From when on versions of a model are proposed for retirement; a rule that is not set proposes nothing."""

    max_age: Seconds | None = None
    unused: Seconds | None = None
    superseded: Seconds | None = None
    drift: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _says_something(self) -> RetirementPolicy:
        if self.max_age is self.unused is self.superseded is self.drift is None:
            raise ValueError("the policy sets no rule → max-age: 180d, unused: 90d, superseded: 30d or drift: 3")
        return self
