# make install   create .venv with all packages, in the versions of requirements-dev.lock
# make start     install the packages for running (requirements.lock), and start the pipeline in the foreground
# make test      install, then all tests except the long ones: Python, Node, Chromium [JOBS=4]
# make lint      ruff, mypy, tsc, bandit, pip-audit
# make lock      update the versions of all packages in the lock files
# make wheel     build dist/*.whl, which pipx installs, the source archive, and the bill of materials (CycloneDX)
# make image     build the container image with podman or docker (docs/container.md)
# make long      the tests that take minutes
# make faults    the full fault tests: restart storms, hangs, hundreds of kills (docs/faults.md); 12 to 25 minutes
# make test-engines   tests/web and exact frames, in the Chromium of OBS 28 to 30 (103) and 31 to 32 (127); x86-64 Linux [JOBS=4]
# make test-obs  a real OBS records the overlay (Debian: installs OBS, Xvfb and ffmpeg)
# make mutation  remove each safety in turn, and check that a test fails
# make bench     all benchmarks, one JSON line each
# make memory    one hour of 2,000 events/s: the memory of every process over time [MINUTES=60]
# make rehearsal SRCDS=FILE [SPEED=20] [KILL_EVERY=2]   replay a game server's log while killing processes, and verify it

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help install start lock wheel image audit test test-engines lint long faults test-obs mutation bench memory rehearsal system types

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
SPEED ?= 20
KILL_EVERY ?= 2
MINUTES ?= 60

help:
	@sed -n 's/^# make /make /p' Makefile

install: $(VENV)/.dev

# A stamp is renewed when its lock file is newer.
$(VENV)/.runtime: requirements.lock
	@python=""
	for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi
	done
	if [ -z "$$python" ]; then echo "error: Python 3.11 or newer is required, found $$(python3 -V 2>&1)" >&2; exit 1; fi
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
		else
			echo "error: this Python has no venv; install it, on Debian: apt-get install python3-venv" >&2; exit 1
		fi
	fi
	echo "installing into $(VENV) …"
	[ -x $(PYTHON) ] || "$$python" -m venv $(VENV)
	$(PIP) --require-hashes -r $<
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) --require-hashes -r $<
	touch $@

$(VENV)/.audit: requirements-audit.lock $(VENV)/.dev
	$(PIP) --require-hashes -r $<
	touch $@

start: $(VENV)/.runtime
	@exec ./supervisor.py start --config configs/default.toml

# New versions within the bounds of setup.cfg, for every system and Python, each file with its hash.
lock: install
	$(PIP) uv
	@compile() {
		$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
			--custom-compile-command "make lock" "$$@" setup.cfg
	}
	compile -o requirements.lock
	compile --extra dev -c requirements.lock -o requirements-dev.lock
	compile --extra audit -c requirements-dev.lock -o requirements-audit.lock

wheel: install
	rm -rf dist
	$(PYTHON) -m build --no-isolation
	$(PYTHON) -m tools.sbom

ENGINE ?= $(shell command -v podman || echo docker)
FORMAT := $(if $(findstring podman,$(ENGINE)),--format docker)

# The format of Docker, because OCI's has no health check.
image: wheel
	$(ENGINE) build $(FORMAT) --tag framewire --file Containerfile .

# Programs that the tests need besides Python. As root on Debian they are installed; elsewhere a line says what is skipped.
system:
	@missing=()
	command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| missing+=(chromium)
	command -v promtool >/dev/null || missing+=(prometheus)
	if [ "$${#missing[@]}" -gt 0 ]; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}"
		else
			echo "not installed: $${missing[*]}; the tests that need them are skipped" >&2
		fi
	fi

# Tests wait more than they compute, so more processes than cores run them. A process that is done takes over tests of
# another one (worksteal). The value 0 runs the tests in one process.
JOBS ?= 4

test: install system
	@$(MAKE) -s types
	$(PYTHON) -m pytest -m "not long and not faults and not obs and not begin_frames" -n $(JOBS) --dist worksteal

lint: install types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy actors supervisor.py tests/memory
	node_modules/.bin/tsc -p jsconfig.json
	@$(MAKE) -s audit

# Unsafe calls, and published vulnerabilities of the locked versions. The second is skipped with a message without pypi.org.
audit: $(VENV)/.audit
	@$(VENV)/bin/bandit --quiet --recursive actors tools supervisor.py --ini setup.cfg
	version=$$(sed -n 's/^click==\([^ ]*\).*/\1/p' requirements.lock)
	probe="https://pypi.org/pypi/click/$$version/json"
	if $(PYTHON) -c "import urllib.request; urllib.request.urlopen('$$probe', timeout=10)" 2>/dev/null; then
		$(VENV)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements-dev.lock
	else
		echo "published faults: NOT AUDITED, pypi.org has no answer for $$probe" >&2
	fi

# TypeScript, used only to check the overlay's types and not shipped. Without npm the check is skipped.
types:
	@if command -v npm >/dev/null; then $(MAKE) -s node_modules/.package-lock.json; fi

node_modules/.package-lock.json: package.json $(wildcard package-lock.json)
	npm $(if $(wildcard package-lock.json),ci,install --no-package-lock) --silent --no-audit --no-fund
	touch $@

long: install system
	$(PYTHON) -m pytest -m long

faults: install system
	$(PYTHON) -m pytest -m faults tests/faults

# LC_ALL, because these read their language only from it, and the C locale has none.
test-engines: install system types
	@if [ "$$(uname -sm)" != "Linux x86_64" ]; then
		echo "error: the engines exist only for Linux x86_64, this is $$(uname -sm)" >&2; exit 2
	fi
	if ! npm ci --prefix tools/engines --ignore-scripts --silent --no-audit --no-fund; then
		echo "error: npm cannot install @sparticuz/chromium 103 and 127 from $$(npm config get registry)" >&2; exit 2
	fi
	node tools/engines/unpack.mjs
	failed=""
	for engine in "$$PWD"/tools/engines/unpacked/*; do
		name="$${engine##*/}"
		missing=$$(ldd "$$engine/chromium" | awk '/not found/ { printf " %s", $$1 }')
		if [ -n "$$missing" ]; then
			echo "$$name: NOT TESTED, these libraries are not installed:$$missing" >&2; failed+=" $$name"; continue
		fi
		echo "$$name"
		CI=true LC_ALL=en_US.UTF-8 CHROMIUM="$$engine/chromium" \
			$(PYTHON) -m pytest tests/web -n $(JOBS) --dist worksteal || failed+=" $$name"
	done
	if [ -n "$$failed" ]; then echo "error: not passed in:$$failed" >&2; exit 1; fi

test-obs: install system
	@missing=()
	for program in obs Xvfb ffmpeg; do command -v "$$program" >/dev/null || missing+=("$$program"); done
	if [ "$${#missing[@]}" -gt 0 ]; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				obs-studio obs-plugins xvfb libgl1-mesa-dri ffmpeg
		else
			echo "error: not installed: $${missing[*]}" >&2; exit 2
		fi
	fi
	CI=true $(PYTHON) -m pytest -m obs tests/obs

mutation: install system
	$(PYTHON) -m tests.mutation

bench: install
	$(PYTHON) -m bench

memory: install
	$(PYTHON) -m bench.memory --minutes $(MINUTES)

rehearsal: install
	@[ -n "$(SRCDS)" ] || { echo "error: SRCDS is not set: make rehearsal SRCDS=FILE" >&2; exit 2; }
	$(PYTHON) -m bench.rehearsal --srcds "$(SRCDS)" --speed $(SPEED) --kill-every $(KILL_EVERY) --browser --json

# Recipes are scripts, not lines.
.ONESHELL:
