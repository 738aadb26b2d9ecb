from __future__ import annotations

import os
import signal
import subprocess
import sys

from gitops_mlops.adapters.targets.process.identity import ProcessIdentity


def test_a_number_that_another_process_has_now_is_not_ours() -> None:
    me = ProcessIdentity.of(os.getpid())
    assert me is not None
    assert me.alive()
    other = ProcessIdentity(me.pid, "a boot ago:1")
    assert not other.alive()
    # This would end the test run.
    other.send(signal.SIGKILL)
    assert not ProcessIdentity(me.pid, "").alive()


def test_a_process_that_waits_for_its_parent_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(child.pid)
    assert identity is not None
    assert identity.end(30)
    assert not identity.alive()
    assert child.communicate()[0] is None
    assert ProcessIdentity.of(child.pid) is None


def test_a_process_that_ignores_the_request_is_ended() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        identity = ProcessIdentity.of(child.pid)
        assert identity is not None
        assert not identity.end(0.1)
        assert identity.wait(30)


def test_a_process_lives_until_its_last_thread_ends() -> None:
    code = (
        "import ctypes, threading; print(1, flush=True); threading.Thread(target=input).start(); "
        "ctypes.CDLL(None).pthread_exit(None)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        identity = ProcessIdentity.of(child.pid)
        assert identity is not None
        # Its main thread ends at once, and it would look like a zombie.
        assert not identity.wait(0.5)
        child.kill()
        assert identity.wait(30)
