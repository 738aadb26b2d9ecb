"""`schema`: the published JSON Schemas, for editors and for readers in other languages."""

from __future__ import annotations

import click

from gitops_mlops.cli.streams import write
from gitops_mlops.domain.schemas import NAMES, schema_text


@click.command(epilog="Example: gitops-mlops schema mlops > mlops.schema.json")
@click.argument("name", metavar=f"[{'|'.join(NAMES)}]")
@click.option("--json", "as_json", is_flag=True, help="Accepted for symmetry: a schema is JSON.")
def schema(name: str, as_json: bool) -> None:
    """Print the JSON Schema of a file.

    \b
    mlops     mlops.yaml, the configuration
    contract  a data contract
    report    report.json, what `compare` writes
    review    review.json, what `review` writes
    ledger    our facet in the ledger's OpenLineage events
    repro     .gitops-mlops/repro.json, what `repro` writes

    An editor checks and completes mlops.yaml when its first line is
    `# yaml-language-server: $schema=PATH`.
    """
    write(schema_text(name))
