PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REPORT := readiness.html
SOURCES := pyproject.toml $(shell find pytest_readiness suites -type f -not -name '*.pyc')

.PHONY: demo test smoke lint format bench docs catalogue suites references schemas screenshots clean

demo: $(VENV)/installed  ## Run the checklist of the embedded demo shop.
	@$(BIN)/pytest --readiness-target=demo --readiness-report=$(REPORT) $(ARGS); code=$$?; \
	case $$code in \
	0|1|6) echo; echo "The report is $(CURDIR)/$(REPORT): open it in a browser. (pytest ended with $$code; the demo has faults on purpose.)" ;; \
	*) exit $$code ;; \
	esac

# Many tests start programs in Python, which would all be compiled each time.
test smoke: export PYTHONDONTWRITEBYTECODE :=

test: $(VENV)/developed references  ## Run all tests against the built wheel, with real servers.
	@sh tests/stack/install.sh
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

smoke: $(VENV)/developed references  ## Run some tests of everything, in two minutes: before the whole.
	@sh tests/stack/install.sh
	$(BIN)/pytest -n auto --dist worksteal @tests/smoke.txt $(ARGS)

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/developed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/developed
	@sh tests/stack/install.sh
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/developed  ## Build the site in the folder site.
	$(BIN)/python -m mkdocs build --strict

catalogue: $(VENV)/developed  ## Write the pages of all checks and facts.
	$(BIN)/python -m docs.catalogue

suites: $(VENV)/developed  ## Write the pages of the suites.
	$(BIN)/python -m docs.suites

schemas: $(VENV)/developed  ## Write the JSON Schemas that editors use.
	$(BIN)/python -m docs.schemas

references: .references/installed

screenshots: $(VENV)/developed  ## Write the pictures of the report that the documentation shows.
	@sh tests/stack/install.sh
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) .references dist site .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	{ [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qqy python3-venv; } || \
	{ echo "Python's venv is missing; install it first: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip build

dist/built: $(BIN)/python $(SOURCES)
	@rm -rf dist
	@$(BIN)/python -m build --wheel --outdir dist . >dist.log 2>&1 || { cat dist.log; rm -f dist.log; exit 1; }
	@rm -f dist.log; touch $@

$(VENV)/installed: dist/built
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet "$$(echo dist/*.whl)[all]"
	@$(BIN)/python -m pip install --quiet --force-reinstall --no-deps dist/*.whl
	@touch $@

$(VENV)/developed: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet "$$(echo dist/*.whl)[dev,docs]"
	@touch $@

# What the tests compare the checks with, in an environment of its own: it needs other versions than the checks do.
.references/installed: $(BIN)/python
	@$(BIN)/python -m venv .references
	@.references/bin/python -m pip install --quiet checkdmarc==6.0.4
	@touch $@
