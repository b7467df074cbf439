# Daedalus. `make help` lists the targets.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
CODE := workers plugins roles tests examples docs/pages.py docs/generator
PIP_AUDIT := pip-audit==2.10.1
# --no-strip-extras: without it pip would look for the newest version of a package that is required with an extra, and find no hash.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links
# Ansible and its tools, for setting up a Pi and testing that: apart from the environment of the recorder.
APPLIANCE ?= .venv-appliance
TOOLS := $(CURDIR)/$(APPLIANCE)/bin
# One emulated machine per checkout at a time; all checkouts share the image and the wheels.
VM_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/daedalus/vm
export DAEDALUS_VM ?= $(VM_CACHE)/runs/$(firstword $(shell printf %s '$(CURDIR)' | cksum))
export DAEDALUS_WHEELHOUSE ?= $(VM_CACHE)/wheels-$(firstword $(shell cat workers/requirements.lock workers/requirements-build.lock | cksum)).tar
PYTHON_3_13 ?= $(firstword $(wildcard /usr/bin/python3.13 /usr/local/bin/python3.13 $(HOME)/.pyenv/versions/3.13*/bin/python3.13))

# The machine is also set up with the newest Python, as on an owner's laptop: without mitogen.
NEWEST := $(if $(PYTHON_3_13),.venv-appliance-3.13,$(APPLIANCE))

SCENARIO ?= default
EXCHANGE ?=
SYMBOLS ?=
DURATION ?=
FUZZ_SECONDS ?= 10
FUZZ_TARGETS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-all lint format types unit unit-fast integration exchanges faults faults-short fuzz bench playbooks molecule vm docs dist dist-test lock audit-dependencies clean

help: ## List every target
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 22

run: $(VENV)/.run ## Record a simulated exchange into a local lake (EXCHANGE=binance SYMBOLS=…: the real one)
	@$(BIN)/daedalus demo $(if $(EXCHANGE),--live $(EXCHANGE)) $(if $(SYMBOLS),--symbols '$(SYMBOLS)') $(if $(DURATION),--duration $(DURATION))

test: $(VENV)/.dev ## Lint, types, unit and integration tests; prints how long each took
	@.ci/timed $(MAKE) lint types unit integration

test-fast: $(VENV)/.dev ## For the inner loop: lint, and unit tests without servers and Ansible
	@.ci/timed $(MAKE) lint unit-fast

test-all: test $(NEWEST)/.ready ## make test, and the unit tests on Python 3.13 if it is installed
	@if [ -n "$(PYTHON_3_13)" ]; then $(MAKE) unit VENV=.venv-3.13 PYTHON=$(PYTHON_3_13) APPLIANCE=$(NEWEST); \
	else echo "Python 3.13 is not here: tested on $$($(BIN)/python --version) alone"; fi

lint: $(VENV)/.dev ## Check format and rules with ruff
	$(BIN)/ruff format --check --config workers/pyproject.toml $(CODE)
	$(BIN)/ruff check --config workers/pyproject.toml $(CODE)

format: $(VENV)/.dev ## Format with ruff, and fix what it can
	$(BIN)/ruff format --config workers/pyproject.toml $(CODE)
	$(BIN)/ruff check --fix --config workers/pyproject.toml $(CODE)

types: $(VENV)/.dev ## mypy --strict
	cd workers && ../$(BIN)/mypy daedalus
	cd docs && ../$(BIN)/mypy --config-file ../workers/pyproject.toml --cache-dir ../workers/.mypy_cache --package generator

unit: $(VENV)/.dev ## Unit tests, with coverage
	PATH="$$PATH:$(TOOLS)" $(BIN)/pytest tests/unit -n auto --dist loadfile --cov=daedalus --cov-branch --cov-report=term:skip-covered

unit-fast: $(VENV)/.dev
	$(BIN)/pytest tests/unit -q -n auto --dist loadfile -m "not server" --ignore=tests/unit/appliance

# Two at a time, a file on one side: ports are ephemeral and directories are temporary, so files do not disturb each other. More
# at a time would measure the machine: some tests hold workers to seconds.
integration: $(VENV)/.dev ## Integration tests: real processes, sockets, and an S3 server on loopback
	$(BIN)/pytest tests/integration -n 2 --dist loadfile

exchanges: $(VENV)/.dev ## Record every exchange with faults, and compare the ledger with the simulator's account (minutes)
	$(BIN)/pytest tests/exchanges

faults: $(VENV)/.dev ## Every fault, many rounds (an hour); writes the results into docs/reliability.md
	$(BIN)/pytest tests/faults -p no:randomly --long --record docs/reliability.md

faults-short: $(VENV)/.dev ## Every kind of fault, few rounds (minutes)
	$(BIN)/pytest tests/faults

fuzz: .venv-fuzz/.ready ## Coverage-guided fuzzing of readers of outside data (FUZZ_SECONDS=10 each; FUZZ_TARGETS="okx checkpoint": only these)
	PYTHONPATH=tests .venv-fuzz/bin/python -m fuzz.run --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

bench: $(VENV)/.dev ## Measure speed, memory and size as ratios; writes docs/performance.md
	$(BIN)/python tests/bench/report.py docs/performance.md

playbooks: $(APPLIANCE)/.ready ## Lint the playbooks (ansible-lint, yamllint); creates the environment that the unit tests of roles need
	PATH="$(TOOLS):$$PATH" ansible-lint --strict
	$(TOOLS)/yamllint .

molecule: $(APPLIANCE)/.ready $(NEWEST)/.ready $(VENV)/.dev ## Run site.yml on an emulated arm64 Debian: converge, idempotence, verify
	tests/vm/host.sh
	cd tests && PATH="$(TOOLS):$$PATH" DAEDALUS_PLAIN_ANSIBLE=$(CURDIR)/$(NEWEST)/bin/ansible-playbook PYTHONDONTWRITEBYTECODE=1 MOLECULE_EPHEMERAL_DIRECTORY="$(DAEDALUS_VM).molecule" \
		DAEDALUS_MITOGEN=$$($(TOOLS)/python -c 'import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))')/plugins/strategy \
		molecule test --scenario-name $(SCENARIO)

vm: $(APPLIANCE)/.ready $(VENV)/.dev ## Show on the same machine what a recorder survives: power cuts, leaks, hangs, mistakes
	tests/vm/host.sh
	PATH="$$PATH:$(TOOLS)" $(BIN)/pytest tests/vm -p no:randomly

docs: .venv-docs/.ready $(VENV)/.dev ## Write the generated sections of the pages, and build site/; a broken link fails
	cd docs && ../$(BIN)/python -m generator
	.venv-docs/bin/mkdocs build --strict

dist: $(VENV)/.dev ## Build the wheel and the source distribution into workers/dist
	rm -rf workers/dist
	cd workers && ../$(BIN)/hatchling build -d dist

dist-test: dist ## Install the wheel into an empty environment (also on Python 3.13, if installed), and record with it
	tests/installed.sh $(BIN)/python workers/dist/*.whl
	@if [ -n "$(PYTHON_3_13)" ]; then tests/installed.sh $(PYTHON_3_13) workers/dist/*.whl; else echo "Python 3.13 is not here"; fi

lock: ## Resolve the dependencies for every platform, with hashes (needs uv)
	cd workers && for extra in "" read dev; do \
		$(LOCK) pyproject.toml $${extra:+--extra $$extra} -o requirements$${extra:+-$$extra}.lock; done
	cd workers && printf 'hatchling\neditables\n' | $(LOCK) - -o requirements-build.lock
	cd workers && for group in appliance docs fuzz; do \
		$(LOCK) --group pyproject.toml:$$group -o requirements-$$group.lock; done

audit-dependencies: $(BIN)/pip ## Look up locked dependencies in the advisory database (needs the network)
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && \
		.venv-audit/bin/pip install --quiet --disable-pip-version-check $(PIP_AUDIT); }
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes \
		-r workers/requirements-read.lock -r workers/requirements-build.lock

clean: ## Remove the environments and files left by tests
	rm -rf .venv .venv-3.13 .venv-audit .venv-fuzz .fuzz $(APPLIANCE) $(NEWEST) workers/.mypy_cache workers/.pytest_cache .ruff_cache workers/.ruff_cache workers/.coverage workers/dist .venv-docs site

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Daedalus needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/pip workers/requirements-read.lock workers/pyproject.toml
	@echo "Installing into $(VENV) (once; it takes a minute or two)…"
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

$(addsuffix /.ready,$(sort $(APPLIANCE) $(NEWEST))): workers/requirements-appliance.lock
	@test -x $(@D)/bin/pip || $(if $(findstring 3.13,$@),$(PYTHON_3_13),$(PYTHON)) -m venv $(@D)
	@echo "Installing into $(@D) (once)…"
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r workers/requirements-appliance.lock
	@touch $@

.venv-docs/.ready: workers/requirements-docs.lock
	@test -x .venv-docs/bin/pip || $(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/pip install --quiet --disable-pip-version-check --require-hashes -r workers/requirements-docs.lock
	@touch $@

.venv-fuzz/.ready: workers/requirements-fuzz.lock workers/requirements.lock workers/pyproject.toml
	@test -x .venv-fuzz/bin/pip || $(PYTHON) -m venv .venv-fuzz
	@echo "Installing into .venv-fuzz (once)…"
	@.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		-r workers/requirements-fuzz.lock || { echo "Atheris cannot be installed for $$(.venv-fuzz/bin/python --version) on" \
		"$$(uname -sm). It has wheels for Python 3.11 to 3.13 on Linux x86_64: make fuzz PYTHON=/path/to/python3.11"; \
		rm -rf .venv-fuzz; exit 1; }
	@.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --require-hashes -r workers/requirements.lock
	@.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --require-hashes -r workers/requirements-build.lock
	@.venv-fuzz/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e workers
	@touch $@
