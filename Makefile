# The one door. `make run` and `make test` work on a fresh Debian or Ubuntu machine with Python 3.11+, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# virtualenv, where Debian's python3-venv is not installed
BOOTSTRAP := .bootstrap

.PHONY: run test check load bench docs format lock clean

run: $(STAMP)  ## set up, then run the demo
	$(BIN)/opsrange demo

test: check  ## everything CI runs
	$(BIN)/pytest -n 2 -rs

check: $(STAMP)
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

load: $(STAMP)  ## two hundred attempts, sixteen at a time: none void, nothing left; prints the figures
	$(BIN)/pytest tests/load -m load -s

bench: $(STAMP)
	$(BIN)/opsrange bench --out bench.json

docs: $(STAMP)  ## the generated reference
	$(BIN)/python docs/generate.py

format: $(STAMP)
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --target $(BOOTSTRAP) virtualenv && \
	  PYTHONPATH=$(BOOTSTRAP) $(PYTHON) -m virtualenv --quiet $(VENV); }
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

lock:  ## resolve the dependencies anew; commit the result
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-header --no-annotate -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) $(BOOTSTRAP) out bench.json .mypy_cache .ruff_cache .pytest_cache .hypothesis
