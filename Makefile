# Daedalus. Every target in a line: `make help`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
CODE := workers tests
PIP_AUDIT := pip-audit==2.10.1
PYTHON_3_13 ?= $(firstword $(wildcard /usr/bin/python3.13 /usr/local/bin/python3.13 $(HOME)/.pyenv/versions/3.13*/bin/python3.13))

EXCHANGE ?=
SYMBOLS ?=
DURATION ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-all lint format types unit integration faults faults-short bench lock audit-dependencies clean

help: ## List every target
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 22

run: $(VENV)/.run ## Record a simulated venue into a local lake (EXCHANGE=binance SYMBOLS=… records the real one)
	@$(BIN)/daedalus demo $(if $(EXCHANGE),--live $(EXCHANGE)) $(if $(SYMBOLS),--symbols $(SYMBOLS)) $(if $(DURATION),--duration $(DURATION))

test: lint types unit integration ## Lint, types, unit and integration tests

test-all: test ## The same, and the unit tests once more on Python 3.13 where it is there
	@if [ -n "$(PYTHON_3_13)" ]; then $(MAKE) unit VENV=.venv-3.13 PYTHON=$(PYTHON_3_13); \
	else echo "Python 3.13 is not here: tested on $$($(BIN)/python --version) alone"; fi

lint: $(VENV)/.dev ## ruff: format and rules
	$(BIN)/ruff format --check --config workers/pyproject.toml $(CODE)
	$(BIN)/ruff check --config workers/pyproject.toml $(CODE)

format: $(VENV)/.dev ## Let ruff format, and fix what it can
	$(BIN)/ruff format --config workers/pyproject.toml $(CODE)
	$(BIN)/ruff check --fix --config workers/pyproject.toml $(CODE)

types: $(VENV)/.dev ## mypy --strict
	cd workers && ../$(BIN)/mypy daedalus

unit: $(VENV)/.dev ## Unit tests, with coverage
	$(BIN)/pytest tests/unit --cov=daedalus --cov-branch --cov-report=term:skip-covered

integration: $(VENV)/.dev ## Real processes, sockets, and an S3 server on loopback
	$(BIN)/pytest tests/integration

faults: $(VENV)/.dev ## Every fault, many rounds (an hour), and write what was measured into docs/reliability.md
	$(BIN)/pytest tests/faults -p no:randomly --long --record docs/reliability.md

faults-short: $(VENV)/.dev ## Every kind of fault, few rounds (minutes)
	$(BIN)/pytest tests/faults

bench: $(VENV)/.dev ## Measure speed, memory and size as ratios, and write docs/performance.md
	$(BIN)/python tests/bench/report.py docs/performance.md

lock: ## Resolve the dependencies anew (needs uv) for every platform, with hashes
	cd workers && for extra in "" read dev; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			--no-emit-index-url --no-emit-find-links pyproject.toml $${extra:+--extra $$extra} \
			-o requirements$${extra:+-$$extra}.lock; done
	cd workers && printf 'hatchling\neditables\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links - -o requirements-build.lock
	cd workers && uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group pyproject.toml:appliance -o requirements-appliance.lock

audit-dependencies: $(BIN)/pip ## Ask the advisory database about each locked dependency (needs the network)
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && \
		.venv-audit/bin/pip install --quiet --disable-pip-version-check $(PIP_AUDIT); }
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes \
		-r workers/requirements-read.lock -r workers/requirements-build.lock

clean: ## Remove the environments and what the tests left
	rm -rf .venv .venv-3.13 .venv-audit workers/.mypy_cache workers/.pytest_cache .ruff_cache workers/.ruff_cache workers/.coverage

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Daedalus needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/pip workers/requirements-read.lock workers/pyproject.toml
	@echo "Installing into $(VENV) (once)…"
	@test -e $(VENV)/.dev || $(INSTALL) --require-hashes -r workers/requirements-read.lock
	@$(INSTALL) --require-hashes -r workers/requirements-build.lock
	@$(INSTALL) --no-deps --no-build-isolation -e workers
	@touch $@

$(VENV)/.dev: $(BIN)/pip workers/requirements-dev.lock workers/pyproject.toml
	@echo "Installing into $(VENV) (once)…"
	@$(INSTALL) --require-hashes -r workers/requirements-dev.lock
	@$(INSTALL) --require-hashes -r workers/requirements-build.lock
	@$(INSTALL) --no-deps --no-build-isolation -e workers
	@touch $@
