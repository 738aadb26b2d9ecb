"""actions/cache: a miss, as on a first run."""

import json
import os
from pathlib import Path

inputs = json.loads(os.environ["INPUTS"])
if not inputs["key"] or not inputs["path"]:
    raise SystemExit("::error::Input required and not supplied: key and path")
print(f"Cache not found for input keys: {inputs['key']}")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"cache-hit=\ncache-primary-key={inputs['key']}\n")
if inputs["fail-on-cache-miss"] == "true":
    raise SystemExit("::error::Failed to restore cache entry.")
