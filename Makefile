# The one command surface. `make help` explains it.
# Two environments to work in: .venv/serve holds the serving set alone (no TensorFlow); .venv/dev holds everything.
# Four for the tests: .venv/clients holds other people's clients; .venv/zoo other people's models, as files alone;
# .venv/checkov what judges the manifests, which would bind other versions of what .venv/dev holds;
# .venv/engines Ray, Spark and a server that speaks S3, beside the set that scores.
# And .venv/audit, for what looks at the locked serving set from outside.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
MODELS ?= models
NAME   ?=
ARGS   ?=

SERVE := .venv/serve
DEV   := .venv/dev
OTHER := .venv/clients .venv/zoo .venv/checkov .venv/engines
AUDIT := .venv/audit
CODE  := app training slipway tests benchmarks monitoring image k8s

.DEFAULT_GOAL := help
.PHONY: help serve train score test coverage quick environments check watch deploy image image-test format bench profile audit sbom lock protos clean

help:  ## Show this help
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [NAME=value …]\n"} \
	  /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  PYTHON=%s  HOST=%s  PORT=%s  MODELS=%s  ARGS="further options"\n' '$(PYTHON)' '$(HOST)' '$(PORT)' '$(MODELS)'

serve: $(SERVE)/.done  ## Serve the bundles of MODELS on PORT; prints the address and a request to paste
	$(SERVE)/bin/python -m app --host $(HOST) --port $(PORT) --models $(MODELS) $(ARGS)

train: $(DEV)/.done  ## Train a model: DATA=file.csv TARGET=column [NAME=name]
	@test -n "$(DATA)" || { echo "Say which file: make train DATA=file.csv TARGET=column [NAME=name]"; exit 2; }
	$(DEV)/bin/python -m training "$(DATA)" --models "$(MODELS)" $(if $(TARGET),--target "$(TARGET)") $(if $(NAME),--name "$(NAME)") $(ARGS)

score: $(DEV)/.done  ## Answer the rows of files: DATA=file.parquet OUT=folder [ARGS="--keep id"]
	@test -n "$(DATA)" -a -n "$(OUT)" || { echo "Say what and where to: make score DATA=file.parquet OUT=folder"; exit 2; }
	$(DEV)/bin/python -m app score "$(DATA)" --models "$(MODELS)" --out "$(OUT)" $(ARGS)

check: $(DEV)/.done  ## Format, lint, types, import rules
	$(DEV)/bin/ruff format --check $(CODE)
	$(DEV)/bin/ruff check $(CODE)
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

# One more than there are cores: a third of the tests' time they wait, for a process to start or a moment to come.
# Each worker begins with its share of the files in their order, and takes from another's when it has done them.
WORKERS ?= $$(($$(getconf _NPROCESSORS_ONLN) + 1))
PARALLEL := --numprocesses=$(WORKERS) --maxprocesses=8 --dist=worksteal

test: $(DEV)/.done $(OTHER:=/.done)  ## Run every test; ARGS="tests/app -x" runs a few
	$(DEV)/bin/python -m pytest $(if $(ARGS),$(ARGS),$(PARALLEL))

# Apart, because to follow each call of TensorFlow costs half the time of the tests again.
coverage: $(DEV)/.done $(OTHER:=/.done)  ## Run every test, and see which lines none of them reaches
	$(DEV)/bin/coverage erase
	$(DEV)/bin/coverage run -m pytest $(PARALLEL)
	$(DEV)/bin/coverage combine --quiet
	$(DEV)/bin/coverage report

quick: $(DEV)/.done  ## Run the tests that start no process and import no TensorFlow: in a minute or so, while you work
	$(DEV)/bin/python -m pytest $(PARALLEL) -p no:schemathesis --quick $(ARGS)

image:  ## Build the image with docker, podman or buildah: [STAGE=training] [LOCKS="grpc signing"] [TAG=name]
	TARGET="$(STAGE)" LOCK="$(LOCKS)" TAG="$(TAG)" image/build.sh

image-test:  ## Build the image on a base made here and run it (needs root, buildah, podman, runc, debootstrap)
	$(PYTHON) -m tests.image $(ARGS)

format: $(DEV)/.done  ## Rewrite the code in the house format
	$(DEV)/bin/ruff format $(CODE)
	$(DEV)/bin/ruff check --fix $(CODE)

bench: $(DEV)/.done $(SERVE)/.done  ## Measure beside the peers (about 25 minutes; ARGS="--quick" or "--only a,b")
	$(DEV)/bin/python -m benchmarks $(ARGS)

profile: $(DEV)/.done $(SERVE)/.done  ## Show where a request's time goes, by stage
	$(DEV)/bin/python -m benchmarks profile $(ARGS)

PROMETHEUS_PORT ?= 9090

watch: $(SERVE)/.done  ## See it locally: the service, a real Prometheus with our rules, and a gentle load
	$(SERVE)/bin/python -m monitoring.watch --port $(PORT) --prometheus-port $(PROMETHEUS_PORT) --models $(MODELS) $(ARGS)

KUBECTL ?= kubectl
OVERLAY ?=
# A name below k8s/overlays, or a folder of one's own; left out, the base.
MANIFESTS = $(if $(OVERLAY),$(firstword $(wildcard k8s/overlays/$(OVERLAY) $(OVERLAY))),k8s)

deploy:  ## Apply the manifests to kubectl's current cluster and wait for all of them: [OVERLAY=dev]
	@command -v "$(KUBECTL)" >/dev/null || { echo "No kubectl here. Install it, or say where: make deploy KUBECTL=path"; exit 2; }
	@test -f "$(MANIFESTS)/kustomization.yaml" \
	  || { echo "Invalid OVERLAY: expected a folder with a kustomization.yaml, or one of:" $(notdir $(wildcard k8s/overlays/*))". Received: $(OVERLAY)."; exit 2; }
	@context=$$($(KUBECTL) config current-context 2>/dev/null) \
	  || { echo "kubectl has no current cluster. Choose one: kubectl config use-context NAME"; exit 2; }; \
	  echo "To $$context: $(MANIFESTS)"
	@$(PYTHON) k8s/deploy/deploy.py "$(KUBECTL)" "$(MANIFESTS)"

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
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra signing --output-file requirements/signing.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra tracing --output-file requirements/tracing.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra score --output-file requirements/score.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --extra text --output-file requirements/text.lock
	$(LOCK) requirements/pip.in --upgrade --output-file requirements/pip.lock
	$(LOCK) requirements/clients.in --upgrade --output-file requirements/clients.lock
	$(LOCK) requirements/zoo.in --upgrade --no-deps --output-file requirements/zoo.lock
	$(LOCK) requirements/audit.in --upgrade --output-file requirements/audit.lock
	$(LOCK) requirements/checkov.in --upgrade --output-file requirements/checkov.lock
	$(LOCK) pyproject.toml requirements/engines.in --upgrade --constraint requirements/score.lock --extra score \
	  --output-file requirements/engines.lock

PROTO := app/protocols/open_inference_grpc/protos/open_inference

protos: $(DEV)/.done  ## Generate the code of the protos folder anew
	$(DEV)/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. $(PROTO).proto

clean:  ## Remove the environments and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environments: $(SERVE)/.done $(DEV)/.done $(OTHER:=/.done)  ## Make every environment that serving and the tests need; with -j2 two at once

$(SERVE)/.done: requirements/serve.lock
$(DEV)/.done: requirements/dev.lock
.venv/clients/.done: requirements/clients.lock
.venv/checkov/.done: requirements/checkov.lock
# Spark comes as a source archive of 456 MB: the wheel that is made of it on the way is not compressed once more.
.venv/engines/.done: requirements/engines.lock
.venv/engines/.done: export DIST_EXTRA_CONFIG = $(CURDIR)/requirements/engines.cfg
$(AUDIT)/.done: requirements/audit.lock
# Files are taken from these packages and their code never runs, so what that code would need does not matter.
.venv/zoo/.done: requirements/zoo.lock
.venv/zoo/.done: INSTALL_OPTIONS = --no-deps --ignore-requires-python

# Python compiles a module when it is first imported: to compile all of them at once took two minutes of a processor,
# and most are never imported.
unexport PYTHONDONTWRITEBYTECODE

.venv/%/.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Slipway needs Python 3.11 or newer. Say which: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "This Python has no venv module. On Debian: apt install python3-venv"; exit 1; }
	rm -rf .venv/$*
	$(PYTHON) -m venv .venv/$*
	.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pip.lock
	.venv/$*/bin/python -m pip install --quiet --disable-pip-version-check --no-compile $(INSTALL_OPTIONS) \
	  --require-hashes -r requirements/$*.lock
	touch $@
