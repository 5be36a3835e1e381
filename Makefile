# The one command surface. `make help` explains it.
# Two environments to work in: .venv/serve holds the serving set alone (no TensorFlow); .venv/dev holds everything.
# Two for the tests: .venv/clients holds other people's clients; .venv/zoo other people's models, as files alone.
# And .venv/audit, for what looks at the locked serving set from outside.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
MODELS ?= models
NAME   ?=
ARGS   ?=

SERVE := .venv/serve
DEV   := .venv/dev
OTHER := .venv/clients .venv/zoo
AUDIT := .venv/audit
CODE  := app training tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help serve train test check format bench profile audit sbom lock protos clean

help:  ## Show this help
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [NAME=value …]\n"} \
	  /^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  PYTHON=%s  HOST=%s  PORT=%s  MODELS=%s  ARGS="further options"\n' '$(PYTHON)' '$(HOST)' '$(PORT)' '$(MODELS)'

serve: $(SERVE)/.done  ## Serve the bundles of MODELS on PORT; prints the address and a request to paste
	$(SERVE)/bin/python -m app --host $(HOST) --port $(PORT) --models $(MODELS) $(ARGS)

train: $(DEV)/.done  ## Train a model: DATA=file.csv TARGET=column [NAME=name]
	@test -n "$(DATA)" || { echo "Say which file: make train DATA=file.csv TARGET=column [NAME=name]"; exit 2; }
	$(DEV)/bin/python -m training "$(DATA)" --models "$(MODELS)" $(if $(TARGET),--target "$(TARGET)") $(if $(NAME),--name "$(NAME)") $(ARGS)

test: $(DEV)/.done $(OTHER:=/.done)  ## Run every test
	$(DEV)/bin/python -m pytest $(ARGS)

check: $(DEV)/.done $(OTHER:=/.done)  ## Format, lint, types, import rules, and every test with its coverage
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

audit: $(AUDIT)/.done  ## Ask the package index for known vulnerabilities of the serving set (needs the network)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/serve.lock \
	  || { echo "Not clean, or not known: a vulnerability, or an index that could not say (see above)."; exit 1; }

sbom: $(AUDIT)/.done  ## Write build/sbom.json: what the serving set consists of, as CycloneDX
	mkdir -p build
	$(AUDIT)/bin/python -W ignore -m cyclonedx_py requirements requirements/serve.lock --pyproject pyproject.toml \
	  --output-reproducible --output-file build/sbom.json

UV   ?= $(DEV)/bin/uv
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock:  ## Lock every version anew, with hashes (needs .venv/dev, or UV=path)
	$(LOCK) pyproject.toml --upgrade --all-extras --output-file requirements/dev.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra train --output-file requirements/train.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --output-file requirements/serve.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra grpc --output-file requirements/grpc.lock
	$(LOCK) requirements/clients.in --upgrade --output-file requirements/clients.lock
	$(LOCK) requirements/zoo.in --upgrade --no-deps --output-file requirements/zoo.lock
	$(LOCK) requirements/audit.in --upgrade --output-file requirements/audit.lock

PROTO := app/protos/open_inference

protos: $(DEV)/.done  ## Generate the code of app/protos anew
	$(DEV)/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. $(PROTO).proto

clean:  ## Remove the environments and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(SERVE)/.done: requirements/serve.lock
$(DEV)/.done: requirements/dev.lock
.venv/clients/.done: requirements/clients.lock
$(AUDIT)/.done: requirements/audit.lock
# Files are taken from these packages and their code never runs, so what that code would need does not matter.
.venv/zoo/.done: requirements/zoo.lock
.venv/zoo/.done: INSTALL_OPTIONS = --no-deps --ignore-requires-python

.venv/%/.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Slipway needs Python 3.11 or newer. Say which: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "This Python has no venv module. On Debian: apt install python3-venv"; exit 1; }
	rm -rf .venv/$*
	$(PYTHON) -m venv .venv/$*
	.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check $(INSTALL_OPTIONS) \
	  --require-hashes -r requirements/$*.lock
	touch $@
