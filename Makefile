# The one command surface. `make help` explains it.
# Two environments: .venv/serve holds the serving set alone (no TensorFlow); .venv/dev holds everything.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
MODELS ?= models
NAME   ?=
ARGS   ?=

SERVE := .venv/serve
DEV   := .venv/dev
CODE  := app training tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help serve train test check format bench profile lock clean

help:  ## Show this help
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [NAME=value …]\n"} \
	  /^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  PYTHON=%s  HOST=%s  PORT=%s  MODELS=%s  ARGS="further options"\n' '$(PYTHON)' '$(HOST)' '$(PORT)' '$(MODELS)'

serve: $(SERVE)/.done  ## Serve the bundles of MODELS on PORT; prints the address and a request to paste
	$(SERVE)/bin/python -m app --host $(HOST) --port $(PORT) --models $(MODELS) $(ARGS)

train: $(DEV)/.done  ## Train a model: DATA=file.csv TARGET=column [NAME=name]
	@test -n "$(DATA)" || { echo "Say which file: make train DATA=file.csv TARGET=column [NAME=name]"; exit 2; }
	$(DEV)/bin/python -m training "$(DATA)" --models "$(MODELS)" $(if $(TARGET),--target "$(TARGET)") $(if $(NAME),--name "$(NAME)") $(ARGS)

test: $(DEV)/.done  ## Run every test
	$(DEV)/bin/python -m pytest $(ARGS)

check: $(DEV)/.done  ## Format, lint, types, import rules, and every test with its coverage
	$(DEV)/bin/ruff format --check $(CODE)
	$(DEV)/bin/ruff check $(CODE)
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(DEV)/bin/coverage erase
	$(DEV)/bin/coverage run -m pytest $(ARGS)
	$(DEV)/bin/coverage combine --quiet
	$(DEV)/bin/coverage report

format: $(DEV)/.done  ## Rewrite the code in the house format
	$(DEV)/bin/ruff format $(CODE)
	$(DEV)/bin/ruff check --fix $(CODE)

bench: $(DEV)/.done $(SERVE)/.done  ## Measure beside the peers (about 25 minutes; ARGS="--quick" or "--only a,b")
	$(DEV)/bin/python -m benchmarks $(ARGS)

profile: $(DEV)/.done $(SERVE)/.done  ## Show where a request's time goes, by stage
	$(DEV)/bin/python -m benchmarks profile $(ARGS)

UV   ?= $(DEV)/bin/uv
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

lock:  ## Lock every version anew, with hashes (needs .venv/dev, or UV=path)
	$(LOCK) --upgrade --all-extras --output-file requirements/dev.lock
	$(LOCK) --constraint requirements/dev.lock --extra train --output-file requirements/train.lock
	$(LOCK) --constraint requirements/dev.lock --output-file requirements/serve.lock

clean:  ## Remove the environments and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(SERVE)/.done: requirements/serve.lock
$(DEV)/.done: requirements/dev.lock

.venv/%/.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Slipway needs Python 3.11 or newer. Say which: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "This Python has no venv module. On Debian: apt install python3-venv"; exit 1; }
	rm -rf .venv/$*
	$(PYTHON) -m venv .venv/$*
	.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.lock
	touch $@
