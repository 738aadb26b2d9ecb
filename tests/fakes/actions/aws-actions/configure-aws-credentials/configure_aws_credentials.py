"""aws-actions/configure-aws-credentials: wants what the original wants; its credentials open nothing."""

import json
import os
from pathlib import Path

inputs = json.loads(os.environ["INPUTS"])
for name in ("role-to-assume", "aws-region"):
    if not inputs[name]:
        raise SystemExit(f"::error::Input required and not supplied: {name}")
if not os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
    raise SystemExit(
        "::error::It looks like you might be trying to authenticate with OIDC: is `id-token: write` given?"
    )
print(f"assumed {inputs['role-to-assume']} in {inputs['aws-region']}")
with Path(os.environ["GITHUB_ENV"]).open("a") as environment:
    environment.write(
        f"AWS_REGION={inputs['aws-region']}\nAWS_ACCESS_KEY_ID=standin\nAWS_SECRET_ACCESS_KEY=standin\n"
    )
with Path(os.environ["GITHUB_OUTPUT"]).open("a") as output:
    output.write("aws-account-id=123456789012\n")
