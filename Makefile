# Every target does its own set-up; on a fresh machine only a Python of 3.12 or newer is needed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
# Compiled code is kept, whatever the machine says: every process of a test that starts ten of them would compile it anew.
unexport PYTHONDONTWRITEBYTECODE
# Test processes: three on two cores, because tests of browsers and of workers wait a good part of their time.
JOBS ?= 3
ARGS ?=

.PHONY: run test check fix bench messages help clean venv

run: venv ## start everything: servers, demo book, web, worker, carrier (Ctrl-C stops it all)
	@exec $(PY) manage.py run $(ARGS)

# Beside the checks, which leave a processor idle, the tests are compiled; what is wrong with them pytest says itself.
test: venv ## run the checks and all tests (ARGS="-k name" chooses)
	@$(PY) -m tests.prepare & prepared=$$!; $(MAKE) check || { kill $$prepared; exit 1; }; wait $$prepared || true
	@$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: venv ## lint, types, import contracts, deployment settings, migrations, translations
	@bin=.venv/bin; \
	echo "ruff";         $$bin/ruff check .; $$bin/ruff format --check --quiet . || { echo "run: make fix"; exit 1; }; \
	echo "imports";      $$bin/lint-imports --no-logo > .venv/imports.log || { cat .venv/imports.log; exit 1; }; \
	echo "types";        $$bin/mypy --no-error-summary; \
	echo "django";       $(PY) manage.py check_everything

fix: venv ## put the code into its agreed form
	@.venv/bin/ruff check --fix .; .venv/bin/ruff format .

messages: venv ## collect the texts to translate into collections_app/locale
	@$(PY) manage.py translations --update

bench: venv ## measure, beside the physical limits of this machine (ARGS="--scale 10k")
	@exec $(PY) manage.py bench $(ARGS)

clean: ## stop the servers and remove all local data, after asking
	@if [ ! -e var ] && [ ! -e .venv ]; then echo "Nothing to remove."; exit 0; fi; \
	if [ "$${YES:-}" != 1 ]; then \
	  if [ ! -t 0 ]; then echo "make clean asks first; without a terminal say: make clean YES=1"; exit 1; fi; \
	  read -r -p "Remove the local database, files, logs and secrets (var/) and the environment (.venv/)? [y/N] " answer; \
	  [[ "$$answer" == [yY]* ]] || { echo "Kept."; exit 0; }; \
	fi; \
	if [ -x $(PY) ] && [ -e var ]; then $(PY) -m collections_app.embedded remove; fi; \
	rm -rf -- var .venv staticfiles .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache; echo "Removed."

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | while IFS= read -r line; do \
	  printf '  make %-9s %s\n' "$${line%%:*}" "$${line##*## }"; done

# The environment is made again whenever requirements.txt changes: the stamp holds its checksum and the Python it was made with.
# Candidates are tried by running them, because a shim on the PATH may stand for a version that is not installed.
venv:
	@wanted="$$(cksum < requirements.txt)"; \
	if [ -x $(PY) ] && [ "$$(cat .venv/stamp 2>/dev/null)" = "$$wanted" ] && $(PY) -c '' 2>/dev/null; then exit 0; fi; \
	found=""; \
	for candidate in $${PYTHON:-} python3.13 python3.12 python3.14 python3 python; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.12 or newer (with its venv module) was not found."; \
	  echo "Install it: apt-get install python3.13 python3.13-venv, brew install python@3.13, or https://www.python.org/downloads/"; \
	  echo "Or name one: make $${MAKECMDGOALS:-run} PYTHON=/path/to/python3.13"; exit 1; \
	fi; \
	echo "Making the environment .venv with $$("$$found" --version)"; \
	rm -rf -- .venv; "$$found" -m venv .venv; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-input -r requirements.txt; \
	echo "$$wanted" > .venv/stamp
