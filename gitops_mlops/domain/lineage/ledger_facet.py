"""The published form of our facet in the ledger's OpenLineage events."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LedgerFacet(BaseModel):
    """The facet `gitops_mlops` of the event that ends a run. What an event does not have is left out."""

    model_config = ConfigDict(extra="allow")

    producer: Literal["urn:gitops-mlops"] = Field(alias="_producer")
    schema_url: Literal["urn:gitops-mlops:schema:ledger:1"] = Field(alias="_schemaURL")
    kind: str = Field(
        description="registration, deregistration, assignment, unassignment, deprecation, creation, "
        "deployment, release or withdrawal"
    )
    model: str = Field(description="The model, `dir:name` below the repository's root")
    version: str = Field("", description="The version, as v1.2.3")
    commit: str = Field("", description="The commit that holds the version")
    environment: str = Field("", description="The stage of an assignment, the environment of a deployment")
    tag: str = Field("", description="The registry's tag that records it")
    result: Literal["done", "deployed", "refused", "failed", "stopped"] = Field(description="How it ended")
    by: str = Field("", description="Who made the tag")
    reason: str = Field("", description="The reason, as given or as the health gate reported it")
    replaces: str = Field("", description="The version that was there before")
    model_sha256: str = Field("", description="SHA-256 of the model file, in hexadecimal")
    bundle: str = Field("", description="Digest of the bundle that was served, `sha256:…`")
    address: str = Field("", description="Where it is served")
    withdraws: str = Field("", description="The run that a withdrawal takes back")
