# Everything runs in the virtual environment .venv, which make builds by itself.

PYTHON ?= python3
# Test processes side by side.
JOBS ?= 2
# More options for pytest, for instance: make test PYTEST_ARGS="-k protocol"
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
REPORT := trimtab-report

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint docs bench clean

help: ## Say what each target does
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | \
		sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(VENV)/.has-compare ## Compare methods on scikit-learn's digits: 8 against the rest
	@$(BIN)/trimtab compare sklearn/digits8 --out $(REPORT)

test: $(VENV)/.has-dev ## Run the whole test suite
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

lint: $(VENV)/.has-dev ## Check style (ruff), types (mypy) and layers (import-linter)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.has-dev ## Build the documentation; a warning is an error
	@echo "Building the documentation, gallery included ..."
	@OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going -n -b html docs docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

bench: $(VENV)/.has-dev ## Measure speed and memory: every script of benchmarks/
	@set -e; for script in benchmarks/bench_*.py; do \
		echo "$$script"; $(BIN)/python "$$script"; \
	done

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) build dist src/*.egg-info $(REPORT) docs/_build docs/gallery \
		docs/api/generated docs/sg_execution_times.rst .mypy_cache .pytest_cache \
		.ruff_cache .import_linter_cache .hypothesis

# Stamps inside .venv: nothing is installed twice, but a change of pyproject.toml or of
# constraints.txt installs anew.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "trimtab needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
			"Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Making the virtual environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.has-compare: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing trimtab and its libraries into $(VENV), once (a few minutes) ..."
	@$(PIP) install -c constraints.txt -e '.[compare]'
	@touch $@

$(VENV)/.has-dev: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing trimtab, its libraries and the tools of its developers into" \
		"$(VENV), once (a few minutes) ..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.has-compare $@
