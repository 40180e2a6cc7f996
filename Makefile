# One command per thing one does here; `make` alone lists them. Everything that needs the environment makes it first,
# and making it again costs nothing.

SHELL := bash
.DEFAULT_GOAL := help

BIN := .venv/bin
# Tests and scripts use this tree's package, also where the environment is borrowed from another clone.
export PYTHONPATH := $(CURDIR)
# One anvil per worker. WORKERS=0 runs in one process (needed for --pdb).
WORKERS ?= 2
PARALLEL = -n $(WORKERS) --dist loadfile
# What to test and how: make test ARGS="tests/unit -k checkpoint"
ARGS ?=
# How long `make deep` plays.
MINUTES ?= 60
NETWORK ?= ethereum:local:foundry

.PHONY: help setup compile test quick machine deep coverage mutate demo gas bench vectors spec lint format lock clean

help: ## this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything into .venv and node_modules (a no-op when nothing changed)
	@toolchain/setup.sh

compile: setup ## compile the contracts, and the verifiers written by EZKL
	@$(BIN)/ape compile
	@if ls contracts/verifiers/*.sol >/dev/null 2>&1; then cd contracts/verifiers && $(CURDIR)/$(BIN)/ape compile; fi

test: compile ## the whole suite, contracts and services
	$(BIN)/ape test $(PARALLEL) $(ARGS)

quick: compile ## the contracts' and the pure tests with few examples: what one runs while working
	HYPOTHESIS_PROFILE=quick $(BIN)/ape test $(PARALLEL) $(wildcard tests/unit tests/stateful) $(ARGS)

machine: compile ## the contracts' state machine as far as a merge should go: 300 histories of 40 steps
	MACHINE_EXAMPLES=300 MACHINE_STEPS=40 $(BIN)/ape test tests/stateful/test_machine.py $(ARGS)

deep: compile ## the same for MINUTES=60, from where the last time stopped: build/deep.json
	$(BIN)/python toolchain/deep.py --minutes $(MINUTES) --workers $(WORKERS)

coverage: compile ## lines and branches of the contracts that the tests execute: build/coverage.json, build/coverage/index.html
	$(BIN)/python -m assurance.coverage --workers $(WORKERS) $(ARGS)

planted: compile ## bugs planted into copies of the contracts, each of which the machine must find: build/planted.json
	$(BIN)/python -m tests.stateful.planted $(ARGS)

mutate: compile ## which changes of the contracts the tests notice: build/mutation.json; ARGS="--sample 66 --seed 1"
	$(BIN)/python -m assurance.mutation --workers $(WORKERS) $(ARGS)

demo: compile ## play a session and a prompt job on a local chain, with real proofs made on the spot
	$(BIN)/ape run demo --network $(NETWORK) $(ARGS)

gas: compile ## gas of every operation against its budget and the committed table; ARGS=--update writes the table
	$(BIN)/python -m bench.gas $(ARGS)

bench: setup ## the services beside what they stand on, in one run: bench/services.json; ARGS="sender store" for some
	$(BIN)/python -m bench.services $(ARGS)

vectors: setup ## the golden vectors of what is signed, by a library that is not ours: tests/conformance/eip712.json
	node tests/conformance/make_vectors.mjs

spec: setup ## the specification on one page: docs/spec.html, with the coverage in build/coverage.json if there is one
	@$(BIN)/python -m tests.specification.page

lint: compile ## ruff, mypy --strict, import-linter, solhint, the specification's checker, slither, contract sizes
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy provenwork toolchain scripts bench assurance
	$(BIN)/lint-imports --no-cache
	node_modules/.bin/solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol' 'interfaces/**/*.sol'
	$(BIN)/pytest -q -p no:ape_test -o addopts= --noconftest tests/unit/test_specification.py tests/unit/test_promises.py
	$(BIN)/python toolchain/slither.py
	$(BIN)/python toolchain/sizes.py

format: setup ## let ruff put the Python in shape
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: ## resolve the dependencies again: requirements.lock and package-lock.json
	toolchain/lock.sh

clean: ## remove results and caches; `make clean ALL=1` also removes .venv and node_modules
	rm -rf build .build contracts/verifiers/.build .cache .pytest_cache .hypothesis .mypy_cache .ruff_cache *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +
	$(if $(ALL),rm -rf .venv node_modules)
