# Everything here sets itself up: Python 3.11 or newer and make are enough.
# `make demo` installs what the library needs; `make test` also what its tests need: other clients, among them one for
# node (which comes along where it is missing), and a browser (by apt-get, or it says what to do).

PYTHON ?= python3

VENV    := .venv
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

# `make bench`: options for `python -m benchmarks`, and a Python for the client that needs a newer one.
BENCH           ?=
BENCH_PYTHON312 ?= python3.12
BENCH_PEERS     := .venv-bench/.installed
BENCH_PEERS312  := .venv-bench312/.installed
NODE_PEER       := tests/foreign/node_modules/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check format bench browser clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(RUNTIME) ## a tour of the library against an embedded portal
	$(BIN)/b24orm demo

# Measuring coverage makes what computes much take three times as long, so that slow tests are run without.
PYTEST := pytest -n auto --maxprocesses 4 --dist worksteal --hypothesis-profile ci

test: export B24ORM_TESTS_NEED_ALL = 1
test: check $(BENCH_PEERS) $(NODE_PEER) browser ## all checks, then all tests with the floor of coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m $(PYTEST) -m 'not slow'
	$(BIN)/python -m $(PYTEST) -m slow
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(DEV) ## the static checks: style, generated code, layers, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/b24orm generate --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pyright

format: $(DEV) ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(RUNTIME) $(BENCH_PEERS) ## the same work by b24orm and by other clients; BENCH=--quick for a short run
	@if $(BENCH_PYTHON312) -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory $(BENCH_PEERS312); \
	else \
		echo "without b24api: it needs Python 3.12, and $(BENCH_PYTHON312) is none (set BENCH_PYTHON312)" >&2; \
	fi
	$(BIN)/python -m benchmarks $(BENCH)

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) .venv-bench .venv-bench312 tests/foreign/node_modules build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python without ensurepip (Debian splits it off) still makes a venv, which the pip outside can fill.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "b24orm needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; } || { \
		rm -rf $(VENV); echo "neither ensurepip nor pip: install your system's python3-venv" >&2; exit 1; }

# Dependency groups (PEP 735) need pip 25.1.
$(RUNTIME): pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --upgrade 'pip>=25.1'
	$(PIP) install --quiet --editable .
	@touch $@

$(DEV): pyproject.toml $(RUNTIME)
	$(PIP) install --quiet --group dev
	@touch $@

# Other clients, which must not meet ours: our pip fills their environments.
$(BENCH_PEERS): pyproject.toml $(RUNTIME)
	@$(PYTHON) -m venv --without-pip .venv-bench
	$(PIP) --python .venv-bench/bin/python install --quiet --group bench
	@touch $@

# `npm ci` takes what the lock file says, and nothing else.
$(NODE_PEER): tests/foreign/package.json tests/foreign/package-lock.json | $(DEV)
	@npm=npm; \
	{ npm --version && node -e 'const n = parseInt(process.versions.node); process.exit(n !== 20 && n < 22)'; } >/dev/null 2>&1 || { \
		echo "no npm with a node 20, or 22 and newer: $(VENV) gets one of its own"; \
		$(PIP) install --quiet --group node && npm="$(abspath $(BIN))/npm"; \
	} && cd tests/foreign && "$$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

browser: $(DEV)
	@bash tests/install-browser $(BIN)/python

$(BENCH_PEERS312): pyproject.toml $(RUNTIME)
	@$(BENCH_PYTHON312) -m venv --without-pip .venv-bench312
	$(PIP) --python .venv-bench312/bin/python install --quiet --group bench312
	@touch $@
