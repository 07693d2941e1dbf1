# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` need Python 3.11 or newer, make and git; they set up everything else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLIENTS := .venv-clients/.ready
FOREIGN := .venv-foreign/.ready
SUITES := .venv-suites/.ready
PEERS := .venv-pgstac/.ready
PORTAL := portal/static/map.js
WEB := $(wildcard portal/web/src/* portal/web/package*.json)

.PHONY: demo test coverage check format unit real serve bench cite crash soak fuzz clients foreign peers portal lock cold-start clean audit
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/:/' | column -t -s:

$(READY): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m tiles.kernels
	touch $@

$(CLIENTS): requirements-clients.txt
	test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-clients.txt
	touch $@

$(FOREIGN): requirements-foreign.txt
	test -x .venv-foreign/bin/python || $(PYTHON) -m venv .venv-foreign
	.venv-foreign/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-foreign.txt
	touch $@

$(SUITES): requirements-suites.txt
	test -x .venv-suites/bin/python || $(PYTHON) -m venv .venv-suites
	.venv-suites/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-suites.txt
	touch $@

$(PEERS): requirements-pgstac.txt
	test -x .venv-pgstac/bin/python || $(PYTHON) -m venv .venv-pgstac
	.venv-pgstac/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-pgstac.txt
	touch $@

$(PORTAL): $(READY) $(WEB)
	tools/build-portal $(BIN)

portal: $(PORTAL) ## builds the map page (Node from a wheel where none is installed)

demo: $(READY) ## products, ingest, map: everything, once
	@$(MAKE) --no-print-directory portal || echo "the map page could not be built; the map service works without it"
	$(BIN)/hysope demo --data hysope-demo

real: $(READY) ## make real DIR=/archive: the same for your own products
	@test -n "$(DIR)" || { echo "usage: make real DIR=/path/to/products"; exit 2; }
	@$(MAKE) --no-print-directory portal || true
	$(BIN)/hysope serve --data hysope-data "$(DIR)"

test: check $(PORTAL) $(CLIENTS) $(FOREIGN) ## checks and all tests, in two processes
	tools/test-halves $(BIN)

coverage: $(READY) $(PORTAL) $(CLIENTS) $(FOREIGN) ## all tests, with the lines and branches that they reach (half as long again)
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered -q

unit: $(READY) ## the quick tests
	$(BIN)/python -m pytest -q tests/unit

check: $(READY) ## format, lint, types, import contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache | tail -12

format: $(READY) ## formats the code
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --fix --quiet .

clients: $(READY) $(PORTAL) $(CLIENTS) $(FOREIGN) ## the tests that drive real clients (QGIS, GDAL, browsers, libraries; some in environments of their own)
	$(BIN)/python -m pytest -q tests/clients

foreign: $(FOREIGN) ## the third environment: a stock pycsw, which needs older libraries than the server may have

peers: $(FOREIGN) $(PEERS) ## the environments of what `make bench` stands beside: pycsw, stac-fastapi-pgstac

bench: $(READY) ## side by side with MapServer and GDAL
	$(BIN)/python tests/bench/run.py

cite: $(READY) $(SUITES) ## the conformance suites of others (needs a JDK 17 and Maven); writes docs/conformance.md
	$(BIN)/python tests/cite/run.py

crash: $(READY) ## every fault at every place where one can be (ten minutes); upgrades, backups, a database that is restarted
	EVERY_FAULT=1 $(BIN)/python -m pytest -q tests/crash

soak: $(READY) ## MINUTES=20: mixed load; memory and descriptors must not grow
	$(BIN)/python tests/soak/run.py

fuzz: $(READY) ## SECONDS_EACH=60: libFuzzer over each reader of client text
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-fuzz.txt
	cd $(CURDIR) && for reader in $$($(BIN)/python -c 'import sys; sys.path.insert(0, "tests/fuzz"); import readers; print(*readers.READERS)'); do \
	  $(BIN)/python tests/fuzz/target.py $$reader -max_total_time=$(or $(SECONDS_EACH),60) 2>&1 | tail -1 | sed "s/^/$$reader: /"; \
	done; ! ls .fuzz/*/crash-* .fuzz/*/timeout-* .fuzz/*/oom-* 2>/dev/null

lock: $(READY) ## resolves the requirements anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements.txt
	uv pip compile tools/clients.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-clients.txt
	uv pip compile tools/foreign.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-foreign.txt
	uv pip compile tools/suites.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-suites.txt
	uv pip compile tools/pgstac.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-pgstac.txt
	uv pip compile tools/fuzz.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-fuzz.txt
	uv pip compile tools/node.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -o requirements-node.txt

clean: ## removes what was made here
	rm -rf $(VENV) .venv-clients .venv-foreign .venv-suites .venv-pgstac .cite .fuzz portal/static portal/web/node_modules hysope-demo

audit: $(READY) ## known faults of the locked packages
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.txt
