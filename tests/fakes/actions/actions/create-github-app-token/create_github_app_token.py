"""actions/create-github-app-token: the token is what the secret holds."""

import json
import os
from pathlib import Path

inputs = json.loads(os.environ["INPUTS"])
if not inputs["private-key"] or not (inputs["app-id"] or inputs["client-id"]):
    raise SystemExit("::error::[@octokit/auth-app] appId and privateKey options are required")
print(f"::add-mask::{inputs['private-key']}")
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write(f"token={inputs['private-key']}\napp-slug=our-app\n")
