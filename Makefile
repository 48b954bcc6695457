# Everything a person does with Heed. Needs Python 3.11 or newer and make; the rest is brought into .venv.
.POSIX:

PYTHON =
UV = uv==0.13.9
T =
ARGS =
FILE = heed.dump

V = .venv/bin/python
SYNC = $(V) -m uv pip sync --quiet --python $(V) --require-hashes
COMPILE = $(V) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --annotation-style line
PATHS = services shared tests

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/ready ## start Heed on http://localhost:8000 with its own PostgreSQL; Ctrl-C stops it
	@$(V) -m services

test: .venv/ready-tests ## run all tests; T=tests/shared for a part, ARGS="-x -n 0" for pytest's own options
	@$(V) -m pytest -q -n 2 --dist loadfile $(T) $(ARGS)

quick: .venv/ready-tests ## the same without the slow ones
	@$(V) -m pytest -q -n 2 --dist loadfile -m "not slow" $(T) $(ARGS)

check: .venv/ready-tests ## style, types, walls between the services, and our own rules
	@$(V) -m ruff check $(PATHS)
	@$(V) -m ruff format --check $(PATHS)
	@$(V) tests/lint.py
	@$(V) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(V) -m mypy

bench: .venv/ready-tests ## measure against yardsticks and print ratios; T= for one benchmark
	@$(V) -m tests.bench $(T) $(ARGS)

eval: .venv/ready-tests ## measure what the text models understand; HEED_DATA= names the data
	@$(V) -m tests.eval

train: .venv/ready-tests ## make the bundled text models anew; HEED_DATA= names the data
	@$(V) -m tests.eval train

replay: .venv/ready-tests ## play a help desk's log of four years through the API; HEED_DATA= names the data
	@$(V) -m tests.replay

migrate: .venv/ready ## bring every service's tables up to date, then stop
	@$(V) -m services migrate

backup: .venv/ready ## write all data to FILE (default heed.dump)
	@$(V) -m services backup "$(FILE)"

restore: .venv/ready ## read FILE back into an empty Heed
	@$(V) -m services restore "$(FILE)"

dead-letters: .venv/ready ## list events and timers that were given up; ARGS="--service tickets"
	@$(V) -m services dead-letters list $(ARGS)

redrive: .venv/ready ## try them again; the same ARGS, or ARGS="--what <handler>"
	@$(V) -m services dead-letters redrive $(ARGS)

verify: .venv/ready ## compare the numbers of all accounts with what they add up; fails if any differ
	@$(V) -m services verify

secrets: .venv/ready ## print fresh secrets for a production environment file
	@$(V) -m services secrets

contracts: .venv/ready ## rewrite the stored schemas of the events after a deliberate change
	@$(V) -m shared.contracts snapshot

format: .venv/ready-tests ## rewrite the code in the one style
	@$(V) -m ruff check --fix-only $(PATHS)
	@$(V) -m ruff format $(PATHS)

lock: .venv/uv ## choose newest allowed versions of all packages and write them down with hashes
	$(COMPILE) --upgrade --extra embedded --extra science --extra mcp --extra test pyproject.toml -o tests/requirements.lock
	$(COMPILE) --constraint tests/requirements.lock --extra embedded --extra science --extra mcp pyproject.toml -o requirements.lock
	$(COMPILE) --constraint tests/requirements.lock pyproject.toml -o deploy/requirements.lock
	$(COMPILE) --constraint tests/requirements.lock --extra science pyproject.toml -o deploy/science.lock

clean: ## remove the environment and caches; data in .heed stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis .import_linter_cache
	find $(PATHS) -name __pycache__ -prune -exec rm -rf {} +

# The environment, in steps that survive being interrupted. A newer lock file means another sync; nothing new, no work.

.venv/bin/python:
	@found=; venv=yes; \
	for python in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import venv, ensurepip' 2>/dev/null || { venv=no; continue; }; \
		found=$$python; break; \
	done; \
	if [ -z "$$found" ]; then \
		if [ $$venv = no ]; then echo 'Python lacks its venv module. On Debian or Ubuntu: apt install python3-venv' >&2; \
		else echo 'Heed needs Python 3.11 or newer, and there is none on the PATH. Or: make run PYTHON=/path/to/python' >&2; fi; \
		exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$found" --version) ..."; \
	rm -rf .venv && "$$found" -m venv .venv

.venv/uv: .venv/bin/python
	@$(V) -m pip --version >/dev/null 2>&1 || $(V) -m ensurepip >/dev/null
	@$(V) -m pip install --quiet --disable-pip-version-check --no-warn-script-location '$(UV)'
	@touch $@

.venv/ready: .venv/uv requirements.lock
	@echo 'Installing packages ...'
	@if [ -e .venv/ready-tests ]; then $(SYNC) tests/requirements.lock; else $(SYNC) requirements.lock; fi
	@touch $@

.venv/ready-tests: .venv/uv tests/requirements.lock
	@echo 'Installing packages for the tests ...'
	@$(SYNC) tests/requirements.lock
	@touch $@ .venv/ready


.PHONY: help run test quick check bench eval train replay migrate backup restore dead-letters redrive verify secrets contracts format lock clean
