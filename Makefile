# The commands of a developer. `make help` lists them; each honours PORT, STRATUS_DATA, DATABASE_URL and REDIS_URL.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
COMPILE := $(PY) -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help ready run test pictures chaos bench check token migrate catalog lock clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\): *[a-z]* *## /  make \1\t/p' Makefile

ready:
	@$(PYTHON) -I dev/bootstrap.py $(VENV)

run: ready ## Start the portal and all it needs: http://127.0.0.1:$PORT (8000); Ctrl-C stops it
	@exec $(PY) -m dev.supervisor --with-parent

test: check ## Run the checks, then the whole suite against servers of its own
	@$(PY) -m dev.chromium
	$(PY) -m pytest -n logical

check: ready ## Check format, lint, types and the direction of imports
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

pictures: ready ## Take pictures of the pages that the browser tests see, for tests/browser/screenshots
	@$(PY) -m dev.chromium
	STRATUS_PICTURES=1 $(PY) -m pytest tests/browser

chaos: ready ## Break everything and check that nothing is lost (minutes): SEEDS=2 for more, SEED=7 for that one again
	@exec $(PY) -m tests.chaos --seeds $(or $(SEEDS),1) $(if $(SEED),--seed $(SEED))

bench: ready ## Measure speed on this machine (minutes): ONLY=workflows for one part, QUICK=1 for a short look
	@exec $(PY) -m bench

token: ready ## Print a personal access token: make -s token WHO=sarah-123
	@$(PY) -m dev.command token

migrate: ready ## Bring the database's tables up to date
	@$(PY) -m dev.command flask db upgrade

catalog: ready ## Read catalog/ into the database
	@$(PY) -m dev.command flask catalog sync

lock: ready ## Lock the newest versions that requirements*.in allow
	@$(COMPILE) --upgrade requirements.in --output-file requirements.txt
	@$(COMPILE) --upgrade requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove the embedded data, the virtual environment and all caches
	@$(PYTHON) -m dev.clean $(VENV)
