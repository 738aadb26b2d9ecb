"""`gitops-mlops review`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import colour_wanted, emit, json_option, mark, pass_session, progress


@click.command(epilog="Example: gitops-mlops review --base origin/main")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--base", metavar="REV", help="What the change is measured against; by default where the branch began.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("review.json"),
    show_default=True,
    help="The result's file.",
)
@click.option("--html", type=click.Path(path_type=Path), metavar="DIR", help="Write a page for each compared model.")
@json_option
@pass_session
def review(
    session: Session, models: tuple[str, ...], base: str | None, out: Path, html: Path | None, as_json: bool
) -> int:
    """Run all checks of a pull request on a change: set-up, dvc.lock, data and models, whatever fails.

    Data and models that are as on the base, and models that are their champion, are skipped. Gates and trusted
    types are the base's. The base is where the branch left GITHUB_BASE_REF's branch, or origin/HEAD.
    Ends with the worst of all: 2 wrong configuration, 3 missing evidence, 4 an outside system failed,
    70 a bug of ours, 1 a verdict against, 0 passed.
    """
    from gitops_mlops.domain.review.review import EXIT_CODES
    from gitops_mlops.domain.review.size import dump_review
    from gitops_mlops.reports.review.html import review_pages
    from gitops_mlops.reports.review.markdown import review_markdown
    from gitops_mlops.reports.review.terminal import review_text
    from gitops_mlops.usecases.review.review import ReviewRequest
    from gitops_mlops.usecases.review.review import review as run

    repository, job = bootstrap.repository(session.folder), bootstrap.job()
    found = run(
        ReviewRequest(models, base, job, bootstrap.comparison_packages()),
        bootstrap.review_ports(repository),
        progress,
    )
    content = dump_review(found)
    bootstrap.write_file(session.folder / out, content)
    if html is not None:
        for name, page in review_pages(found, job.web):
            bootstrap.write_file(session.folder / html / name, page.encode())
    mark(found.annotations)
    emit(
        found,
        as_json,
        lambda one: review_text(one, colour_wanted()),
        lambda _: json.loads(content),
        lambda one: review_markdown(one, job.web),
    )
    return EXIT_CODES[found.verdict]
