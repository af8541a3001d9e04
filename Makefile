# Every command sets up what it needs: a virtual environment in .venv, from the pins in requirements.lock.
# Needed beforehand: Python 3.11 or newer, git, make.  `make help` lists the commands.

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-doubles demo-small test test-all check bench clients lock clean

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
ARGS ?=

help:
	@echo 'make demo      the sample through all tools, by a real MCP client; needs no key'
	@echo 'make demo-doubles  the same with models: doubles of Anthropic, OpenAI and Google on this machine; needs Node'
	@echo 'make demo-small    the same with a small real model on this machine; needs Node, takes some minutes'
	@echo 'make test      the tests (ARGS="-k routing" chooses some)'
	@echo 'make check     lint, types, layers, and a wheel installed into an empty environment'
	@echo 'make test-all  the tests under every Python this machine has'
	@echo 'make clients   real MCP clients against the server; needs Node and npm'
	@echo 'make bench     the measurements'
	@echo 'make lock      write requirements.lock anew'
	@echo 'make clean     remove what the commands made'

setup: $(VENV)/.synced

$(UV):
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed and was not found. Install it, or: make PYTHON=/path/to/python'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.synced: requirements.lock pyproject.toml | $(UV)
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes --requirements requirements.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/manyeyes demo $(ARGS)

demo-doubles: setup
	@$(BIN)/python tests/clients/demo_models.py doubles $(ARGS)

demo-small: setup
	@$(BIN)/python tests/clients/demo_models.py small $(ARGS)

# A file's tests stay in one process, so that what is started for all of them is started once.
test: setup
	$(BIN)/python -m pytest -n auto --dist loadscope $(ARGS)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/packaging/check_wheel.py

test-all: setup
	$(BIN)/python tests/packaging/all_pythons.py $(ARGS)

# Those that need no data from elsewhere and no more than about a minute each.
BENCHES := anchors budget cache concurrency exchange golden hedging mutations pipeline routing_speed startup syntax
bench: setup
	@for name in $(BENCHES); do echo "== bench/$$name.py"; $(BIN)/python bench/$$name.py $(ARGS) || exit 1; done

clients: setup
	$(BIN)/python tests/clients/run.py $(ARGS)

lock: | $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes --no-header \
		--no-emit-index-url --no-annotate --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/clients/node_modules tests/clients/demo/node_modules
