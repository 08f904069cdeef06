# Everything a person, CI or a container calls. Paths are relative, so the checkout may lie in a folder with a space.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PORT ?= 8345
BUS ?= embedded
BIN := .venv/bin
MEMBERS := libs/contracts libs/worktime libs/chassis services/intake-svc services/routing-svc services/sla-svc services/evaluation-svc services/knowledge-svc gateway deploy/local
OWN := hotline-contracts hotline-worktime hotline-chassis hotline-gateway hotline-local intake-svc routing-svc sla-svc evaluation-svc knowledge-svc
UV := UV_LINK_MODE=copy UV_NO_PROGRESS=1 $(BIN)/uv
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $(addprefix --no-emit-package ,$(OWN))

##@ Start here
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' Makefile

run: .venv/runtime.stamp ## Start everything, play the demonstration, print its table, then READY (PORT=8345 BUS=embedded|kafka)
	@if [[ "$(BUS)" == kafka ]]; then KAFKA_BOOTSTRAP=$${KAFKA_BOOTSTRAP:-$$(deploy/kafka/kafka.sh start)}; export KAFKA_BOOTSTRAP; fi; \
	exec $(BIN)/hotline up --demo --port "$(PORT)" --bus "$(BUS)"

setup: .venv/dev.stamp ## Prepare everything for development (venv, locks, Kafka's jars), start nothing
	@deploy/kafka/kafka.sh jars || echo "Kafka's jars were not fetched (no Java or Maven); Kafka tests will say so."

##@ Every day
test: .venv/dev.stamp ## Run all tests
	$(BIN)/pytest -n 2 --dist loadgroup

check: .venv/dev.stamp ## Format, lint, types, import rules, file sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(addsuffix /src,$(MEMBERS)) tests libs/*/tests gateway/tests deploy/local/tests
	for service in services/*; do MYPYPATH="$$service" $(BIN)/mypy "$$service/tests"; done # each has a conftest of its own
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

format: .venv/dev.stamp ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only -q .

bench: .venv/dev.stamp ## Measure each row against its floor in the same run, write .hotline/bench.json
	$(BIN)/python -m tests.load.bench

##@ Real Kafka
kafka: ## Start a real Kafka broker on loopback in the background and print host:port
	@deploy/kafka/kafka.sh start

kafka-stop: ## Stop it
	@deploy/kafka/kafka.sh stop

##@ Upkeep
lock: .venv/uv.stamp ## Write the hashed locks anew
	$(COMPILE) requirements-uv.in -o requirements-uv.lock
	$(COMPILE) $(addsuffix /pyproject.toml,$(MEMBERS)) -o requirements.lock
	$(COMPILE) $(addsuffix /pyproject.toml,$(MEMBERS)) --group pyproject.toml:dev -o requirements-dev.lock

snapshots: .venv/dev.stamp ## Write the contract snapshots anew (events, OpenAPI, AsyncAPI); refuses what needs a new version
	$(BIN)/python -m tests.contracts.write_snapshots

rules: .venv/dev.stamp ## Write docs/rules.md anew: the code and the tests of each rule
	$(BIN)/python -m tests.architecture.rules_document

clean: ## Remove the virtual environment and caches; data under .hotline stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/uv.stamp: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/runtime.stamp: .venv/uv.stamp requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps $(foreach m,$(MEMBERS),-e "./$(m)")
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements-dev.lock
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: help run setup test check format bench kafka kafka-stop lock snapshots rules clean
