"""A real browser, watched: what it asks for, what it complains of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def lacking(reason: str) -> NoReturn:
    """Skip where a user's machine lacks something; fail where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        lacking("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS.split())
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything that it should not have done."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Watched]


def _dismiss(dialog: Dialog, watched: Watched) -> None:
    watched.complaints.append(dialog.message)
    dialog.dismiss()


@contextmanager
def opened(browser: Browser, folder: Path, dark: bool, width: int) -> Iterator[Callable[[str], Watched]]:
    """A function that shows HTML in one window after the other, without a network."""
    context = browser.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900}, offline=True
    )
    page = context.new_page()
    watched = Watched(page)
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("console", lambda message: watched.complaints.append(message.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("dialog", lambda dialog: _dismiss(dialog, watched))
    context.on("page", lambda other: watched.complaints.append(f"opened {other.url}"))
    file = folder / f"page-{dark}-{width}.html"

    def show(html: str) -> Watched:
        watched.requests.clear()
        watched.complaints.clear()
        file.write_text(html, "utf-8")
        page.goto(file.as_uri())
        watched.requests = [url for url in watched.requests if url != file.as_uri()]
        return watched

    yield show
    context.close()
