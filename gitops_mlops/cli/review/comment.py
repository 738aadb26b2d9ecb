"""`gitops-mlops comment`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_mlops import bootstrap
from gitops_mlops.cli.app import Session
from gitops_mlops.cli.options import emit, json_option, mark, pass_session, progress
from gitops_mlops.domain.errors import DONE, VERDICT_AGAINST, FileProblemLine, MissingEvidence, UsageError
from gitops_mlops.reports.rendering.links import is_address

if TYPE_CHECKING:
    from gitops_mlops.domain.ports import Forge

MARKDOWN_BYTES = 4 * 65_536


@click.command(epilog="Example: gitops-mlops comment review.json --pull-request 7 --dry-run")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--pull-request", "number", type=click.IntRange(1), metavar="N", help="By default the job's own.")
@click.option(
    "--run", type=click.IntRange(1), metavar="ID", help="A run that ended: comment with the report that it uploaded."
)
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Your own markdown, unchanged.")
@click.option("--title", default="report", show_default=True, help="Which comment, of several of your own markdown.")
@click.option("--web", default="", metavar="ADDRESS", help="The repository on the web, by default the job's own.")
@click.option("--dry-run", is_flag=True, help="Print the comment instead of writing it.")
@json_option
@pass_session
def comment(
    session: Session,
    file: Path | None,
    number: int | None,
    run: int | None,
    markdown: Path | None,
    title: str,
    web: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Keep one comment below a pull request up to date: FILE is a review.json (the default) or a report.json.

    With --run it is the trusted half of a report on a fork: the forge says which pull request the run belongs to,
    what the run uploaded is checked and read as data, and a run of an older commit is left alone. Without a forge
    in the environment (GITHUB_REPOSITORY) the comment is printed.
    """
    job, forge = bootstrap.job(), bootstrap.forge()
    web = (web or job.web).rstrip("/")
    if web and not is_address(web):
        raise UsageError("not the address of a repository", where=f"--web {web}", hint="https://host/owner/name")
    if sum(one is not None for one in (file, run, markdown)) > 1:
        raise UsageError("FILE, --run and --markdown are three different things", hint="give one of them")
    if run is not None:
        return _of_run(_required_forge(forge), run, web, dry_run, as_json)
    body = _own(session.folder / markdown, title) if markdown else _body(session.folder, file, web)
    if forge is None or dry_run:
        emit({"body": body}, as_json, lambda one: str(one["body"]).rstrip("\n"))
        return DONE
    number = number or job.pull_request
    if number is None:
        raise UsageError("the pull request is unknown", hint="--pull-request N, or --run ID")
    _keep(forge, (number,), body, as_json)
    return DONE


def _required_forge(forge: Forge | None) -> Forge:
    if forge is None:
        hint = "it is there in a job; elsewhere GITHUB_REPOSITORY=owner/name, and GITHUB_TOKEN"
        raise UsageError("a run needs a forge, and none is configured", where="GITHUB_REPOSITORY", hint=hint)
    return forge


def _body(folder: Path, file: Path | None, web: str) -> str:
    from gitops_mlops.domain.review.review import MAX_REVIEW_BYTES, REVIEW_FILE
    from gitops_mlops.reports.review.comments import document_markdown

    path = file or Path(REVIEW_FILE)
    content = bootstrap.read_file(folder / path, MAX_REVIEW_BYTES)
    if content is None:
        raise MissingEvidence("there is no such file", where=str(path), hint="run gitops-mlops review first")
    return document_markdown(content, str(path), web)


def _own(path: Path, title: str) -> str:
    from gitops_mlops.reports.review.comments import own_markdown

    content = bootstrap.read_file(path, MARKDOWN_BYTES)
    if content is None:
        raise MissingEvidence("there is no such file", where=str(path), hint="write it first")
    return own_markdown(content, str(path), title)


def _of_run(forge: Forge, run: int, web: str, dry_run: bool, as_json: bool) -> int:
    from gitops_mlops.reports.review.comments import missing_markdown
    from gitops_mlops.reports.review.markdown import review_markdown
    from gitops_mlops.usecases.review.comment_run import CommentRendering, report_of_run

    rendering = CommentRendering(
        lambda review: review_markdown(review, web), lambda number, told: missing_markdown(number, told, web)
    )
    found = report_of_run(forge, run, rendering)
    if found.notice:
        progress(found.notice)
    if found.refused:
        hint = "see who wrote it there; a run of the review's jobs uploads another one"
        refusal = FileProblemLine("", 0, 0, "", f"what run {run} uploaded is not shown: {found.refused}", hint)
        progress(f"error{refusal}")
        mark([refusal])
    if dry_run or not found.body:
        emit({"body": found.body, "notice": found.notice}, as_json, lambda _: found.body.rstrip("\n") or found.notice)
    else:
        _keep(forge, found.pull_requests, found.body, as_json)
    return VERDICT_AGAINST if found.refused else DONE


def _keep(forge: Forge, numbers: tuple[int, ...], body: str, as_json: bool) -> None:
    from gitops_mlops.usecases.review.comment import keep_comment

    kept = [keep_comment(forge, number, body) for number in numbers]
    emit(
        {"comments": [one._asdict() for one in kept]},
        as_json,
        lambda _: "\n".join(f"{one.done} comment {one.comment} on #{one.pull_request}" for one in kept),
        markdown=lambda _: "",
    )
