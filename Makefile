# Everything a user does with a checkout. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/etcd-localcloud
UV := $(or $(shell command -v uv 2>/dev/null),$(CACHE)/uv/bin/uv)
PYTHON := .venv/bin/python
LOCALCLOUD := .venv/bin/localcloud
PYTEST := .venv/bin/pytest
SCRIPTS := $(shell git ls-files '*.sh' .ci/run cloud-init/first-boot 2>/dev/null)

# Python compiles what it imports once, here, and not at every start.
export UV_COMPILE_BYTECODE := 1

.PHONY: help setup up status etcdctl backup monitoring shell preview destroy down test test-pure test-others test-nodes test-fast lifecycle drills lint bench

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

$(UV):
	@echo "Installing uv into $(CACHE)/uv" >&2
	@python3 -m venv $(CACHE)/uv && $(CACHE)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/.synced: pyproject.toml uv.lock | $(UV)
	@echo "Installing Python packages from uv.lock (a minute, once)" >&2
	@$(UV) sync --frozen --quiet
	@touch $@

# Where each thing is, it tells those who ask for it by name; what takes time is told on standard error in any case.
setup: .venv/.synced ## Install and build all that is missing
	@$(PYTHON) -m localcloud.toolchain $(if $(filter $@,$(MAKECMDGOALS)),,>/dev/null)

up: setup ## Start the local cloud, run pulumi up on stack local, prove that the cluster works
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi up --yes --skip-preview --suppress-outputs
	@$(LOCALCLOUD) status
	@$(LOCALCLOUD) prove

# Nothing is built to look at a local cloud, or to say that there is none: one that runs has all that it needs.
status: .venv/.synced ## Show machines, addresses, records and etcd's health
	@$(LOCALCLOUD) status

etcdctl: .venv/.synced ## Run etcdctl against the local cluster: make etcdctl ARGS="get --prefix /"
	@$(LOCALCLOUD) run -- etcdctl $(ARGS)

backup: .venv/.synced ## Take a backup of the local cluster at once
	@$(LOCALCLOUD) backup

monitoring: .venv/.synced ## Start Prometheus against the local cluster, on this machine's port 9090
	@$(PYTHON) -m localcloud.toolchain --only packages >/dev/null
	@$(LOCALCLOUD) monitoring

shell: setup ## Open a shell in which plain pulumi and etcdctl work
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) shell

preview: setup ## Show what pulumi up would do on stack local
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi preview

destroy: setup ## Run pulumi destroy on stack local
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi destroy --yes --skip-preview --suppress-outputs

# What runs must be stopped also where set-up fails: the packages that are there will do.
down: $(if $(wildcard $(LOCALCLOUD)),,.venv/.synced) ## Stop the local cloud; its state is kept
	@$(LOCALCLOUD) stop

test: lint setup ## Lint, then run every test layer: the lifecycle, and beside it all others, the nodes last
	@$(MAKE) --jobs=2 --keep-going lifecycle test-pure test-others test-nodes LANE="--verbose | sed --unbuffered ''"

# These tests share nothing, and need nothing but a processor.
test-pure: .venv/.synced
	@$(PYTEST) tests/unit tests/component --numprocesses=2 $(LANE)

# LANE is empty where a layer runs alone. Beside another, it prints a line for each test, and whole lines only.
test-others: setup
	@$(PYTEST) --ignore=tests/lifecycle --ignore=tests/nodes --ignore=tests/unit --ignore=tests/component $(LANE)

# Its tests wait for etcd's and the program's own pauses most of the time, so several run at once.
test-nodes: setup
	@$(PYTEST) tests/nodes --numprocesses=4 $(LANE)

test-fast: test-pure ## Run the layers that need no machines and no root
	@$(PYTEST) tests/localcloud/api tests/localcloud/plugins \
		--ignore tests/localcloud/plugins/test_engine.py --ignore tests/localcloud/plugins/test_spaces_bucket.py

lifecycle: setup ## Prove that no change, fault or interruption loses a write: a writer runs all the time
	@$(PYTEST) tests/lifecycle $(LANE)

drills: setup ## Break backups, restore, and recover from one survivor and from nothing, on real machines
	@$(PYTEST) tests/drills

lint: .venv/.synced ## Check style, types, the direction of imports, and shell scripts
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@PYTHONPATH=cloud-init .venv/bin/lint-imports --no-logo --no-cache
	@.venv/bin/pyright
	@$(PYTHON) -m localcloud.toolchain --only packages
	@shellcheck $(SCRIPTS)
	@$(PYTHON) -m components.userdata.headroom

bench: setup ## Measure, print a table, and write bench/latest.json: make bench ARGS="--only load"
	@$(PYTHON) -m bench $(ARGS)
