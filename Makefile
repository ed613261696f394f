# Two commands matter: `make demo` and `make test`. Both set everything up first, in seconds the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Processes of pytest: twice as many as processors, since tests mostly wait for PostgreSQL and for other processes.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 * (os.cpu_count() or 1))")

.PHONY: help demo docs unit test test-long test-extra test-peers test-oldest test-matrix fuzz audit chaos bench bench-peers compiled lint clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(STAMP) ## Runs the main job: 10,000 jobs through 8 workers on an embedded PostgreSQL
	@$(BIN)/pooljobs demo

test: $(STAMP) ## Every gate: ruff, mypy, import-linter, pytest
	@$(MAKE) --no-print-directory --jobs 2 lint compiled
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

unit: $(STAMP) ## The tests that need no database, for while you work: under a minute
	@$(BIN)/pytest -q -n $(WORKERS) --dist worksteal tests/unit

test-long: lint compiled test-peers ## The same, and what takes long, with more examples for each property
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "long or not long" --hypothesis-profile thorough

test-peers: $(STAMP) ## The tests of what measures pooljobs beside its peers
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "long or not long" tests/peers

test-oldest: ## The tests on the oldest versions of what we depend on that are promised
	@test -d $(VENV)-oldest || $(PYTHON) -m venv $(VENV)-oldest
	@$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check \
	  -e '.[embedded,pydantic,dev]' -c constraints-oldest.txt
	$(VENV)-oldest/bin/pytest -n $(WORKERS) --dist worksteal

EXTRA ?=

test-extra: $(STAMP) ## Each extra alone, in an environment of its own, by its example (EXTRA=sentry: that one)
	$(BIN)/pytest -m long tests/packaging/test_extras.py$(EXTRA:%=::test_alone[%])

ONLY ?=
PYTEST ?=

test-matrix: $(STAMP) ## The database's tests on PostgreSQL 14 to 18, fetched if need be (ONLY=16, PYTEST=tests/db/test_claimer.py)
	$(BIN)/python -m tests.support.matrix $(ONLY:%=--only %) -n $(WORKERS) --dist worksteal $(PYTEST)

FUZZ ?= --seconds 300

fuzz: $(STAMP) ## Random input for converters and for parsers of DSNs and options, five minutes (FUZZ='--seconds 60 --only dsn')
	@$(BIN)/python -m tests.fuzz $(FUZZ)

CHAOS ?=

chaos: $(STAMP) ## Ten minutes of harm and deployments, then the check (CHAOS='--seed 7 --beside PATH': with options)
	@$(BIN)/pooljobs chaos --duration 600 $(CHAOS)

# What a benchmark needs besides: installed into the same environment the first time.
BENCH_STAMP := $(VENV)/.bench-installed
BENCH ?=

bench: $(BENCH_STAMP) ## Measures everything in a few minutes and writes bench/results/report.md (BENCH=--quick: sooner)
	@$(BIN)/python -m bench $(BENCH)

$(BENCH_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,pydantic,dev,bench]'
	@touch $@

# Tests start a thousand processes; where Python writes no bytecode each would compile all modules again. What pytest
# makes of the tests is made once, beside mypy, and not in each of its processes; a test that cannot be had it tells later.
compiled: $(STAMP)
	@$(BIN)/python -m compileall -q shared supervisor worker tests bench examples
	@$(BIN)/pytest --collect-only --quiet >/dev/null 2>&1 || true

docs: $(STAMP) ## Writes anew what documents have from the code: hazards, settings, statements, the schema
	$(BIN)/python -m tests.docs

lint: $(STAMP) ## The gates that run nothing: ruff, mypy, import-linter
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-peers: $(STAMP) ## pooljobs beside its peers, each installed in an environment of its own (half an hour)
	@$(BIN)/python -c 'import matplotlib' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@$(BIN)/python -m bench.peers $(PEERS)

AUDIT := $(VENV)-audit
LICENCES := MIT;BSD;Apache;ISC;MPL;Mozilla Public License;PSF;Python Software Foundation;LGPL

audit: ## Licences, and known vulnerabilities, of what pooljobs depends on (asks the network)
	@test -d $(AUDIT) || { $(PYTHON) -m venv $(AUDIT)/deps && $(PYTHON) -m venv $(AUDIT)/tools; }
	@$(AUDIT)/deps/bin/python -m pip install --quiet --disable-pip-version-check --upgrade '.[embedded,pydantic,uvloop,reload,sentry,otel,django]'
	@$(AUDIT)/tools/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip-audit pip-licenses
	$(AUDIT)/tools/bin/pip-licenses --python $(AUDIT)/deps/bin/python --from=mixed --partial-match --allow-only '$(LICENCES)'
	$(AUDIT)/tools/bin/pip-audit --path "$$($(AUDIT)/deps/bin/python -c 'import site; print(site.getsitepackages()[0])')"

clean: ## Removes what the other commands made
	rm -rf $(VENV) $(VENV)-oldest $(AUDIT) .pooljobs .postgresql build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Installed again only when pyproject.toml has changed; the sources themselves are linked (an editable install).
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "pooljobs needs Python 3.11 or later: $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv: on Debian and Ubuntu run: apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,pydantic,dev]'
	@touch $@
