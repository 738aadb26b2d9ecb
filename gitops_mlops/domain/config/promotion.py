"""`promotion:` of an environment in `mlops.yaml`: what a version must bring to enter it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from gitops_mlops.domain.config.values import RepoPath, Seconds
from gitops_mlops.domain.document.typed import ConfigSection


def _fingerprint(value: Any) -> Any:
    text = value.replace(" ", "").upper() if isinstance(value, str) else ""
    if len(text) not in (40, 64) or not set(text) <= set("0123456789ABCDEF"):
        raise ValueError(
            f"{value!r} is not a fingerprint → write all 40 digits that gpg --fingerprint shows, in quotes"
        )
    return text


Fingerprint = Annotated[
    str,
    BeforeValidator(_fingerprint),
    WithJsonSchema({"type": "string", "pattern": "^(?:[0-9A-Fa-f] *){40}(?:(?:[0-9A-Fa-f] *){24})?$"}),
]


class MetricRequirement(ConfigSection):
    """A bound that the whole recorded interval keeps: its lower end for `min`, its upper end for `max`."""

    metric: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> MetricRequirement:
        if self.min is None and self.max is None:
            raise ValueError("the metric has no requirement → give it a min or a max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class SignerPolicy(ConfigSection):
    """Who may sign: SSH keys in a file of the repository, OpenPGP keys by the fingerprint of the primary key."""

    ssh: RepoPath | None = None
    openpgp: tuple[Fingerprint, ...] = ()

    @model_validator(mode="after")
    def _names_someone(self) -> SignerPolicy:
        if self.ssh is None and not self.openpgp:
            raise ValueError(
                "no signer is allowed → name a file of allowed signers (ssh:) or fingerprints (openpgp:)"
            )
        return self


class ApprovalPolicy(ConfigSection):
    """Who must have agreed: so many reviewers of the version's pull request, a signer of its tag, or both."""

    reviews: Annotated[int, Field(ge=1, le=100)] | None = None
    signed_by: SignerPolicy | None = None

    @model_validator(mode="after")
    def _asks_someone(self) -> ApprovalPolicy:
        if self.reviews is None and self.signed_by is None:
            raise ValueError("no approval is required → give it reviews: or signed-by:")
        return self


class PromotionPolicy(ConfigSection):
    """What a version must bring to enter an environment; every rule that is given must hold."""

    verdicts: tuple[Literal["pass", "warn"], ...] = Field(default=("pass", "warn"), min_length=1)
    gates: tuple[str, ...] = ()
    metrics: tuple[MetricRequirement, ...] = ()
    cooldown: Seconds = 0.0
    soak: Seconds = 0.0
    only_if_changed: bool = False
    approvals: ApprovalPolicy | None = None
