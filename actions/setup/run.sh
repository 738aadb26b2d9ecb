#!/usr/bin/env bash
# What every action runs: the verb, in the environment of the job. Inputs come as environment variables.
set -euo pipefail
python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "::error title=gitops-mlops setup::there is no python3 of 3.11 or newer → set python-version of actions/setup"
  exit 2
}
# Isolated: what lies in the workspace is not imported.
exec python3 -I "$(dirname "${BASH_SOURCE[0]}")/run.py" "$@"
