# The one task runner. `make help` lists what there is; `python -m runtime settings` lists what can be set.
PYTHON ?= python3
PORT ?= 4000
DATA_DIR ?= .data
DEMO_PORT ?= 4700
NODE_BIN ?= node
TESTS ?= tests
# One more than the two cores: some tests mostly wait for an evening to pass.
WORKERS ?= 3
# Each has a Kafka and an OpenSearch of its own, and its platform one more of each.
ENGINE_WORKERS ?= 2
export PORT DATA_DIR NODE_BIN

BIN := .venv/bin
PACKAGES := .venv/.installed
CLICKHOUSE := .venv/.clickhouse
GATEWAY := router/gateway/node_modules/.installed
COMPOSER := router/compose/node_modules/.installed
ASYNCAPI := router/asyncapi/node_modules/.installed
HIVE_VERSION := $(shell cat router/hive-router/version)
HIVE := build/hive-router/.installed-$(HIVE_VERSION)

# Set when some process is placed by hand or there are more of them: which ports must be free, only the platform itself knows then.
PLACED := $(SERVE_PORT)$(WORK_PORT)$(ISSUER_PORT)$(PROVIDER_PORT)$(POSTGRES_PORT)$(VALKEY_PORT)$(SUPERVISOR_PORT)$(OWNER_DATABASE_URL)$(VALKEY_URL)$(filter-out 0,$(SPLIT))$(filter real,$(ENGINES))

REAL := $(if $(filter real,$(ENGINES)),fetched-engines)

ifeq ($(origin AS),default)
AS :=  # make's own AS is the assembler
endif

.DEFAULT_GOAL := help
.PHONY: help up demo test test-engines check format schema token install engines fetched-engines hive-router prerequisites python coverage

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

up: prerequisites install $(REAL) ## Run the platform until Ctrl-C; PORT=4000 DATA_DIR=.data ENGINES=real ROUTER=hive SPLIT=1
	@exec $(BIN)/python -m runtime up

demo: python install $(REAL) ## Play a Friday evening on a platform of its own; ORDERS= RATE= SEED= CHAOS=1 MAP=1 RESUME=1
	@exec $(BIN)/python -m simulator.demo --data-dir "$(DATA_DIR)/demo" --port $(DEMO_PORT) \
		$(if $(ORDERS),--orders $(ORDERS)) $(if $(RATE),--rate $(RATE)) $(if $(SEED),--seed "$(SEED)") \
		$(if $(CHAOS),--chaos) $(if $(MAP),--map) $(if $(RESUME),--resume)

test: check ## Check everything, then run every test that needs no Java; TESTS=tests/orders for some
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest $(TESTS) -m "not engines" --numprocesses $(WORKERS) --dist loadscope --cov --cov-report=
ifeq ($(TESTS),tests)
	@$(MAKE) --no-print-directory coverage
endif

test-engines: install fetched-engines ## Run what needs Kafka and OpenSearch, and the journeys on them; TESTS= for some
	@$(BIN)/python -m pytest $(TESTS) -m engines --numprocesses $(ENGINE_WORKERS) --dist loadscope
ifeq ($(TESTS),tests)
	@ENGINES=real $(BIN)/python -m pytest tests/journeys -m "not engines" --numprocesses $(ENGINE_WORKERS) --dist loadscope
endif

coverage:
	@$(BIN)/coverage report --fail-under=95 \
		--include='subgraphs/*/domain*,subgraphs/*/domain/*,subgraphs/*/reactions*,subgraphs/*/views*,subgraphs/*/pricing*,projections/*'

check: install $(COMPOSER) $(ASYNCAPI) ## Format, lint, types, import contracts, schema, lock files, links
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run make format."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tests.checks
	@$(BIN)/python -m runtime schema --check

format: $(PACKAGES) ## Format, and mend what can be mended
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

schema: install $(COMPOSER) $(ASYNCAPI) ## Write schema/ anew from the code
	@$(BIN)/python -m runtime schema

token: $(PACKAGES) ## Print a development token; AS=aino, eero, kitchen, owner-<id>, sanna, …
	@test -n "$(AS)" || { echo "Say who: make token AS=aino"; exit 2; }
	@$(BIN)/python -m runtime token "$(AS)"

install: $(PACKAGES) $(GATEWAY) ## Install the locked dependencies

fetched-engines: $(PACKAGES)
	@$(BIN)/python -m runtime.engines.jars --quiet

engines: $(PACKAGES) ## Fetch Kafka and OpenSearch with Maven, and check every jar's hash
	@$(BIN)/python -m runtime.engines.jars

hive-router: $(if $(HIVE_ROUTER_BIN),,$(HIVE)) ## Build Hive Router, for ROUTER=hive; about 17 minutes, or HIVE_ROUTER_BIN= names one
	@test -x "$(or $(HIVE_ROUTER_BIN),build/hive-router/bin/hive_router)" || { echo "There is no Hive Router at $(HIVE_ROUTER_BIN)."; exit 1; }
	@echo "Hive Router is $(or $(HIVE_ROUTER_BIN),built); start the platform with ROUTER=hive."

$(HIVE):
	@command -v cargo > /dev/null || { echo "Cargo is needed to build Hive Router: install Rust 1.95 or newer, or name a program with HIVE_ROUTER_BIN."; exit 1; }
	@echo "Building Hive Router $(HIVE_VERSION) (once, about 17 minutes on two cores)"
	@cargo install hive-router --version $(HIVE_VERSION) --locked --features graphiql --force --quiet --root build/hive-router
	@touch $@

prerequisites: python
	@$(PYTHON) runtime/prerequisites.py --port "$(PORT)" --data-dir "$(DATA_DIR)" --node "$(NODE_BIN)" $(if $(PLACED),--any-port)

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cannot start. Python 3.11 or newer is needed, and this is %d.%d: name another with PYTHON=..." % sys.version_info[:2] or 0)'

$(PACKAGES): requirements.lock | python
	@echo "Installing Python packages (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(CLICKHOUSE): requirements-clickhouse.lock | $(PACKAGES)
	@echo "Installing ClickHouse in a library (once, 576 MB)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-clickhouse.lock
	@touch $@

$(GATEWAY) $(COMPOSER) $(ASYNCAPI): %/node_modules/.installed: %/package-lock.json %/package.json
	@echo "Installing $* (once, about 20 seconds)"
	@npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@
