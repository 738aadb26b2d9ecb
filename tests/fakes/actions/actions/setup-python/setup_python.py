"""actions/setup-python: the interpreter of this machine, first on PATH."""

import json
import os
import platform
import sys
from pathlib import Path

asked = json.loads(os.environ["INPUTS"])["python-version"]
base = Path(sys.base_prefix) / "bin"
print(f"Python {platform.python_version()} stands in for {asked or 'the default'}")
with Path(os.environ["GITHUB_PATH"]).open("a") as path:
    path.write(f"{base}\n")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"python-version={platform.python_version()}\npython-path={base / 'python3'}\ncache-hit=false\n")
