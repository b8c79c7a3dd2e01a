# PlantGov. `make help` lists what there is.
# Everything runs from .venv, which the first target that needs it makes (scripts/bootstrap).

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
PORT ?= 8000
ARGS ?=
SERVERS ?= wheels
WORKERS ?= 2
TEMP := $(PY) -m plantgov.embedded.servers exec --temp --from
PYTEST := $(PY) -m pytest

export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test fast deep check fix bench docs lock wheels venv venv-dev chromium peers dialect clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | while IFS='|' read -r t w; do printf '%-16s %s\n' "$$t" "$$w"; done

run: venv  ## the demo enterprise with a simulated plant, on http://localhost:8000
	@$(PY) manage.py up --demo --port $(PORT) $(ARGS)

test: venv-dev chromium peers check  ## everything CI runs
	$(TEMP) $(SERVERS) -- $(PYTEST) -n $(WORKERS) --dist loadgroup -m "not deep and not serial and not browser" $(ARGS)
	$(TEMP) $(SERVERS) -- $(PYTEST) -n $(WORKERS) --dist loadgroup -m "browser and not deep" $(ARGS)
	$(TEMP) $(SERVERS) -- scripts/pytest-some -m "serial and not deep" $(ARGS)
	@$(MAKE) --no-print-directory dialect

fast: venv-dev  ## unit tests, under a minute
	$(TEMP) $(SERVERS) -- $(PYTEST) -n $(WORKERS) --dist loadgroup -m "not deep and not serial and not browser" $(ARGS)

deep: venv-dev chromium peers  ## long seeded suites: soaks, mutations, stress, every peer
	$(TEMP) $(SERVERS) -- scripts/pytest-some -m deep $(ARGS)

dialect: venv-dev peers  ## the tests that ask the database, on the system's PostgreSQL and Redis
	@if $(PY) -m plantgov.embedded.servers find --from system; \
	then $(TEMP) system -- $(PYTEST) -n $(WORKERS) --dist loadgroup -m "dialect and not deep" $(ARGS); \
	else scripts/system-package --missing "PostgreSQL 15 or newer and Redis" "the tests marked dialect"; fi

check: venv-dev  ## style, types, floors and rooms, templates, migrations, generated docs
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports
	$(PY) -m djlint templates --check --quiet
	$(PY) -m djlint templates --lint --quiet
	$(TEMP) $(SERVERS) -- scripts/check-with-settings

fix: venv-dev  ## what the tools can correct by themselves
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format --quiet .
	-$(PY) -m djlint templates --reformat --quiet

bench: venv-dev  ## measure with a large register; figures go to stdout
	$(TEMP) $(SERVERS) -- $(PY) -m bench $(ARGS)

docs: venv-dev  ## write docs/reference anew from the code
	$(TEMP) $(SERVERS) -- $(PY) manage.py reference

lock: venv-dev  ## compile requirements*.in, with hashes, for every platform
	scripts/lock

wheels: venv  ## put the wheels for an offline installation of this platform into ./wheels
	$(PY) -m pip download --quiet --require-hashes --dest wheels -r requirements.txt -r requirements-embedded.txt

venv:
	@scripts/bootstrap run

venv-dev:
	@scripts/bootstrap dev

chromium:
	@scripts/system-package chromium

peers:
	@scripts/system-package servers

clean:  ## remove caches; neither .venv nor any data
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
