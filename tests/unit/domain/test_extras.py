"""Without an extra, an error names the extra, and never calls itself a bug."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gitops_mlops.domain.extras import EXTRAS, extras_required, missing_extra

ROOT = Path(__file__).parents[3]
PACKAGES = [(package, extra.name) for extra in EXTRAS for package in sorted(extra.packages)]
# What a distribution is imported as, where that is not its name.
IMPORTED = {"scikit-learn": "sklearn"}


def distributions(extra: str) -> set[str]:
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    names = {re.split(r"[\[>=<~! ]", one)[0] for one in optional[extra]} - {"gitops-mlops"}
    return {IMPORTED.get(name, name.replace("-", "_")) for name in names}


def test_extras_are_those_of_the_package() -> None:
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {each.name for each in EXTRAS} == set(optional) - {"all", "demo"}
    for extra in EXTRAS:
        assert distributions(extra.name) <= extra.packages
        assert any(re.match(rf"{extra.distribution}\b", each) for each in optional[extra.name])


@pytest.mark.parametrize(("package", "extra"), PACKAGES)
def test_an_import_that_fails_names_its_extra(package: str, extra: str) -> None:
    missing = missing_extra(ModuleNotFoundError("no", name=f"{package}.io"))
    assert str(missing) == f'{package} is not installed → pip install "gitops-mlops[{extra}]"'


@pytest.mark.parametrize("error", [ModuleNotFoundError("no", name="features"), ImportError("no"), ValueError("no")])
def test_other_errors_are_no_missing_extra(error: Exception) -> None:
    assert missing_extra(error) is None
    with pytest.raises(type(error), match="no"), extras_required():
        raise error


WITHOUT = "import sys; sys.modules.update(dict.fromkeys({packages}))\n{code}"
USES = {
    "save_model": "save_model(object(), 'model.skops')",
    "dump_model": "dump_model(object())",
    "to_pandas": "to_pandas(None)",
    "write_predictions": "write_predictions('x.parquet', [1], [1.0], id_column='id')",
}


@pytest.mark.parametrize("name", USES)
def test_what_pipelines_import_names_the_extra(name: str, tmp_path: Path) -> None:
    code = f"""
try:
    from gitops_mlops import {name}
    {USES[name]}
except Exception as error:
    print(type(error).__name__, error)
"""
    program = WITHOUT.format(packages=sorted(EXTRAS[0].packages), code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.fullmatch(r'MissingEvidence \w+ is not installed → pip install "gitops-mlops\[ml\]"\n', done.stdout)


def test_a_command_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    code = "sys.argv[1:] = ['contract', 'infer', 'rows.csv']\n"
    code += "import runpy\nrunpy.run_module('gitops_mlops', run_name='__main__')"
    program = WITHOUT.format(packages=sorted(EXTRAS[0].packages), code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 3
    assert re.fullmatch(r'error: \w+ is not installed → pip install "gitops-mlops\[ml\]"\n', done.stderr)
