# Every target sets up what it needs: Python 3.11 or newer, git and make are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PATHS := actions gitops_mlops pipeline tests benchmarks
# Without byte code every start of Python takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
export DVC_NO_ANALYTICS := 1

# What differs between Pythons shows where the capabilities touch the world: one file each.
PORTABLE := tests/unit $(addprefix tests/integration/,test_validate.py test_repro.py test_compare.py test_registry.py \
  test_lineage.py test_deploy.py test_review.py test_init.py test_doctor.py test_migrate.py serving)

.PHONY: help setup demo test portable check format docs changelog reports tables lock bench dist clean

help: ## what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# uv comes out of the same hashed lock as everything else and installs the rest ten times faster than pip.
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=... to choose one" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (once, about 20 s) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@awk '/^[a-z]/ {keep = /^uv==/} keep' requirements.txt > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready ## the virtual environment, from the lock

demo: setup ## the whole loop on real flights, in a scratch folder
	@$(BIN)/gitops-mlops demo

# What a run with SEED=7 varies: the order of modules and of the tests in them, hashes, and what Hypothesis draws.
test: setup ## every test; SEED=7 in another order, with other hashes and examples
	$(if $(SEED),PYTHONHASHSEED=$(SEED)) $(BIN)/python -m pytest -n auto --dist worksteal -q \
	  $(if $(SEED),--random-order-seed=$(SEED) --hypothesis-seed=$(SEED))

portable: setup ## unit tests and one integration file per capability: what CI runs on the other Pythons
	$(BIN)/python -m pytest -n auto --dist worksteal -q $(PORTABLE)

check: setup ## the inner loop: format, lint, dead code, types, layers, workflows, unit tests
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/vulture
	$(BIN)/mypy
	PATH="$(abspath $(BIN)):$$PATH" lint-imports --no-cache
	$(BIN)/python -m pytest -n auto -q -m "not slow" tests/unit tests/actions/test_linters.py tests/actions/test_action_files.py

format: setup ## write the format
	$(BIN)/ruff check --fix-only $(PATHS)
	$(BIN)/ruff format $(PATHS)

docs: setup ## docs/commands.md and the actions' tables, out of the commands and the actions
	$(BIN)/python -m gitops_mlops.cli.reference > docs/commands.md
	$(BIN)/python -m tests.actions.pages

changelog: setup ## what docs/changes says, into the changelog; when a release is prepared
	$(BIN)/python -m tests.changelog

reports: setup ## docs/reports, out of four pull requests on the flagship
	$(BIN)/python -m tests.e2e.flagship_reports

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header --custom-compile-command "make lock"

tables: setup ## docs/tables.md again: contracts of public tables from PyPI, and the damage that validate finds
	$(BIN)/python -m tests.tables.public

lock: setup ## the newest of everything, with hashes, for every Python and platform
	$(COMPILE) --upgrade --all-extras --group dev -o requirements.txt pyproject.toml
	$(COMPILE) --constraint requirements.txt --extra ml --extra dvc --extra serve --group install \
	  -o actions/setup/requirements.txt pyproject.toml

bench: setup ## what users wait for, next to the tool they would use instead
	$(BIN)/python benchmarks/bench.py

dist: setup ## the distributions; TAG=vX.Y.Z must be the version's
	@$(BIN)/python -c 'import sys, gitops_mlops as us; sys.exit(0 if sys.argv[1] in ("", f"v{us.__version__}") else f"{sys.argv[1]} is not v{us.__version__}: mend pyproject.toml, or the tag")' "$(TAG)"
	rm -rf dist
	@# `init` pins the workflows of new projects to the commit that a package was made of.
	@$(BIN)/python -c 'from gitops_mlops.adapters.git.scaffold_history import origin; print(origin())' > gitops_mlops/published.txt
	@test -z "$(TAG)" || grep -q '@' gitops_mlops/published.txt || { echo "the remote origin is not a repository on GitHub" >&2; exit 1; }
	$(BIN)/hatchling build; status=$$?; rm gitops_mlops/published.txt; exit $$status

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
