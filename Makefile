# Two commands: `make run` and `make test`. The first of each makes the virtual
# environment and installs the locked, hashed requirements.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv
LOCK := pip compile --quiet --generate-hashes --universal --no-emit-index-url \
	--no-header --python-version 3.11
TESTS ?= tests
# Some 2,500 tests: two processes halve the time, each with a database of its own.
WORKERS ?= 2
# What `make soak` runs at full size, one after another.
FAULTS ?= tests/faults

# What a production would set: enough for checks, which connect to nothing.
PRODUCTION := env -u WEIGHBRIDGE_DEBUG \
	DATABASE_URL=postgresql://weighbridge@127.0.0.1:9/weighbridge \
	BROKER_URL=redis://127.0.0.1:9/0 \
	WEIGHBRIDGE_ALLOWED_HOSTS=weighbridge.example \
	WEIGHBRIDGE_URL=https://weighbridge.example \
	WEIGHBRIDGE_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')

.PHONY: run test test-litellm check soak lock format
.DEFAULT_GOAL := run

run: $(VENV)/installed-run
	@exec $(BIN)/python -m portal.embedded --with-parent

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

# The client's hook in a real LiteLLM proxy, which has an environment of its own.
test-litellm: $(VENV)/installed-dev $(VENV)-litellm/installed
	WEIGHBRIDGE_LITELLM_PYTHON=$(CURDIR)/$(VENV)-litellm/bin/python \
		$(BIN)/python -m pytest tests/clients/test_litellm.py

soak: $(VENV)/installed-dev
	WEIGHBRIDGE_SOAK=1 WEIGHBRIDGE_RACE_ROUNDS=200 \
		$(BIN)/python -m pytest --durations=20 $(FAULTS)

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) $(BIN)/python -W ignore::RuntimeWarning \
		manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		--file /dev/null
	@if grep -nE 'https?://|file://' requirements/*.txt; then \
		echo 'A locked requirement names an address; run make lock.'; exit 1; fi

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/installed-dev
	cd requirements && for name in uv run dev litellm; do \
		VIRTUAL_ENV=../$(VENV) ../$(BIN)/uv $(LOCK) --upgrade $$name.in -o $$name.txt || exit 1; \
	done

$(VENV)/installed-run: requirements/run.txt $(VENV)/installed-uv
	@echo 'Installing what the product needs'
	@$(UV) pip install --quiet --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/installed-dev: requirements/dev.txt $(VENV)/installed-uv
	@echo 'Installing what the product and its tests need'
	@$(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/installed-run

$(VENV)-litellm/installed: requirements/litellm.txt $(VENV)/installed-uv
	@echo 'Installing LiteLLM, apart from the rest'
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)-litellm
	@VIRTUAL_ENV=$(VENV)-litellm $(BIN)/uv pip install --quiet --require-hashes \
		-r requirements/litellm.txt
	@touch $@

$(VENV)/installed-uv: requirements/uv.txt
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed.'; exit 1; }
	@echo 'Making the virtual environment with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements/uv.txt
	@touch $@
