from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gitops_mlops.adapters.targets.process.effort import effort

# Both run on one processor and want all of it.
BUSY = "import os\nos.sched_setaffinity(0, {%d})\nprint(flush=True)\nwhile True: pass"
ASLEEP = "import time\nprint(flush=True)\ntime.sleep(600)"
Start = Callable[[str], int]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(script: str) -> int:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_on_one_processor_wait_for_each_other(start: Start) -> None:
    processor = min(os.sched_getaffinity(0))
    pids = [start(BUSY % processor) for _ in range(2)]
    while True:
        times = [effort(pid, 1.0) for pid in pids]
        assert all(times)
        # Time passes for both, until each has had and lacked a tenth of a second.
        if all(one and min(one) > 0.1 for one in times):
            break


def test_what_sleeps_neither_runs_nor_waits(start: Start) -> None:
    pid = start(ASLEEP)
    before = effort(pid, 1.0)
    assert before is not None
    assert before.ran < 60


def test_what_is_gone_has_no_effort(start: Start) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert effort(process.pid, 1.0) is None
