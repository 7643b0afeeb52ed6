# Everything a person or CI runs. `make up` and `make test` do all their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: up setup dev services check test faults fuzz bench clean

up: $(VENV)/.run-ready
	@$(BIN)/entrepot up $(ARGS)

setup: $(VENV)/.run-ready

$(VENV)/.run-ready: requirements/run.txt pyproject.toml
	@echo "entrepot: making $(VENV) (once, up to two minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "entrepot needs Python 3.11 or newer: make PYTHON=python3.11 up")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --disable-pip-version-check install --progress-bar off --require-hashes -r requirements/run.txt | grep --line-buffered -E '^(Collecting|Installing|Successfully)' || true
	@$(BIN)/python -m pip --disable-pip-version-check install -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import entrepot, aiomqtt, fastapi, iotcore, sqlalchemy'
	@touch $@

dev: $(VENV)/.dev-ready

$(VENV)/.dev-ready: requirements/dev.txt $(VENV)/.run-ready
	@$(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes -r requirements/dev.txt
	@touch $@

# The real parts that the tests prove the code against (Debian, as root, or already there).
services:
	@tests/services/install.sh

check: $(VENV)/.dev-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two workers: much of the time the houses of the slow tests wait for goods to move.
test: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

# The long forms of the fault rigs, one after the other: some hours.
faults: $(VENV)/.dev-ready
	$(BIN)/python -m tests.faults.simulation --seeds $(or $(SEEDS),10000)
	$(BIN)/python -m tests.faults.storage --seeds 1000
	$(BIN)/python -m tests.faults.live --rounds 200

# Ten million mutated inputs against every codec (INPUTS=N for fewer), in two processes.
fuzz: $(VENV)/.dev-ready
	$(BIN)/python -m tests.faults.fuzz --inputs $(or $(INPUTS),10000000)

bench: $(VENV)/.dev-ready
	$(BIN)/python -m bench.$(NAME) $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info
