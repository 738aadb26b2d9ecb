"""A process of the preloaded Python is what a new interpreter would be, as far as anybody can tell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.preloaded.running import Preloaded

REPORT = """\
import os, signal, sys
print(__name__, __file__ if '__file__' in globals() else '', sys.argv[1:], sys.path, os.getcwd())
print(sorted(name for name in os.environ if name.startswith(('MARK', 'LC_', 'PYTHON'))), os.environ.get('MARK'))
print(sys.stdin.read(), sys.stdin.encoding, sys.stdout.errors, sys.stdout.line_buffering, sys.stdout.write_through)
print(sys.dont_write_bytecode, signal.getsignal(signal.SIGINT) is signal.default_int_handler, os.umask(0o22))
print(sorted(int(one) for one in os.listdir('/proc/self/fd') if int(one) < 10), file=sys.stderr)
"""
ENDS = {
    "a code": "import sys; sys.exit(7)",
    "a large code": "import sys; sys.exit(259)",
    "words": "import sys; sys.exit('words')",
    "nothing": "print('nothing')",
    "an error": "raise ValueError('wrong')",
    "Ctrl-C": "raise KeyboardInterrupt",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "at exit": "import atexit; atexit.register(print, 'at exit'); print('before')",
    "a thread": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.1), print('later'))).start()",
    "Polars": "import polars as pl; print(pl.DataFrame({'a': [3, 1, 2]}).lazy().sort('a').collect())",
    "linear algebra": "import numpy as np; print((np.ones((300, 300)) @ np.ones((300, 300))).sum())",
    "a model": (
        "import numpy as np; from sklearn.ensemble import HistGradientBoostingClassifier as Model;"
        "x = np.arange(2000.0).reshape(-1, 2);"
        "print(Model(random_state=0).fit(x, np.arange(1000) % 3 == 0).predict_proba(x)[:3].tolist())"
    ),
    "a module of ours": "import gitops_mlops; print(gitops_mlops.__version__)",
}


LOADED = "import sys; print('pandas' in sys.modules)"
Ended = subprocess.CompletedProcess[str]
Both = Callable[..., tuple[Ended, list[Ended]]]


@pytest.fixture
def prepared(preloaded_python: Preloaded | None) -> Preloaded:
    if preloaded_python is None:
        pytest.skip("nothing is preloaded here: no pidfd, or a path that no first line can hold")
    return preloaded_python


@pytest.fixture
def both(prepared: Preloaded, tmp_path: Path) -> Both:
    """Run words with a new interpreter; then as a process that is forked, and through the program on PATH."""
    real = sys.executable

    def run(*words: str, said: str = "", **variables: str) -> tuple[Ended, list[Ended]]:
        def one(python: str) -> Ended:
            environment = {**os.environ, **variables}
            return subprocess.run(
                [python, *words],
                cwd=tmp_path,
                env=environment,
                input=said,
                capture_output=True,
                text=True,
                check=False,
            )

        new = one(real)
        front = one(str(prepared.python))
        with pytest.MonkeyPatch.context() as patch:
            prepared.use(patch)
            return new, [one(sys.executable), front]

    return run


def outcome(ended: Ended) -> tuple[int, str, str]:
    """The code and what was printed; of a traceback, what it ends with."""
    err = ended.stderr
    return ended.returncode, ended.stdout, err.strip().splitlines()[-1] if "Traceback" in err else err


@pytest.mark.parametrize("options", [(), ("-P",), ("-I",)], ids=["plain", "-P", "-I"])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"MARK": "mine", "PYTHONPATH": "/nowhere", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        {"LANG": "C"},
        {"LC_ALL": "C.UTF-8"},
    ],
    ids=["nothing", "variables", "no locale", "C.UTF-8"],
)
@pytest.mark.parametrize("way", ["file", "words"])
def test_a_process_finds_what_a_new_interpreter_finds(
    both: Both, tmp_path: Path, options: tuple[str, ...], variables: dict[str, str], way: str
) -> None:
    (tmp_path / "report.py").write_text(REPORT)
    words = ["report.py"] if way == "file" else ["-c", REPORT]
    new, forked = both(*options, *words, "one", "two words", said="ünasked", **variables)
    assert new.returncode == 0, new.stderr
    assert [outcome(one) for one in forked] == [outcome(new)] * 2


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS.keys())
def test_a_process_ends_as_a_new_interpreter_ends(both: Both, code: str) -> None:
    new, forked = both("-c", code)
    assert [outcome(one) for one in forked] == [outcome(new)] * 2


@pytest.mark.parametrize(
    ("variables", "file", "expected"),
    [
        ({}, "mine.py", True),
        ({"OMP_NUM_THREADS": "1"}, "mine.py", False),
        ({"PYTHONHASHSEED": "5"}, "mine.py", False),
        ({"LANG": "de_DE.ISO-8859-1"}, "mine.py", False),
        ({}, "pandas.py", False),
        ({}, "gitops_mlops.py", False),
        ({}, "sitecustomize.py", False),
    ],
)
def test_what_only_a_new_interpreter_can_follow_gets_one(
    both: Both, tmp_path: Path, variables: dict[str, str], file: str, expected: bool
) -> None:
    (tmp_path / file).touch()
    new, forked = both("-c", LOADED, **variables)
    assert new.stdout == "False\n", new.stderr
    assert [one.stdout for one in forked] == [f"{expected}\n"] * 2


@pytest.mark.parametrize("through", ["subprocess", "program"])
def test_others_see_its_words_and_variables_and_can_end_it(prepared: Preloaded, tmp_path: Path, through: str) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    with pytest.MonkeyPatch.context() as patch:
        python = str(prepared.python)
        if through == "subprocess":
            prepared.use(patch)
        words = [python, str(script), "a word"]
        for number in (signal.SIGTERM, signal.SIGKILL):
            with subprocess.Popen(
                words, env={**os.environ, "MARK": "mine"}, stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                seen = psutil.Process(int(process.stdout.readline()))
                assert (seen.pid == process.pid) is (through == "subprocess")
                assert [word for word in seen.cmdline() if word] == words
                assert seen.environ()["MARK"] == "mine"
                assert os.getsid(seen.pid) == seen.pid
                assert process.poll() is None
                process.send_signal(number)
                assert process.wait(60) == -number
                psutil.wait_procs([seen], timeout=60)
                assert not seen.is_running()


def test_a_wait_that_is_too_long_is_told(prepared: Preloaded) -> None:
    with pytest.MonkeyPatch.context() as patch:
        prepared.use(patch)
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], timeout=0.1, check=False)
