# Two images: `serve` answers requests and is what a build without a target makes; `training` makes bundles in Jobs.
#
#   make image                      docker, podman or buildah, whichever there is
#   make image STAGE=training
#
#   build ─> sbom ─┐
#     └────────────┴─> serve            no TensorFlow, no pip of its own, no compiler, no test
#   training-build ──> training         TensorFlow, `python -m training`
#
# The base is a tag for people and a digest for the builder; docs/image.md says how it is renewed.
ARG BASE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

# What is needed to make the environment stays in this stage.
FROM ${BASE} AS build
WORKDIR /build
COPY requirements/*.lock requirements/
# One lock, or several with spaces between them: --build-arg LOCK="grpc signing". Each holds the serving set.
ARG LOCK=serve
# The base's pip fills an environment that has none itself.
# Hashes are checked, and only wheels are taken: nothing is compiled, no package's own code runs.
RUN for lock in ${LOCK}; do set -- "$@" --requirement "requirements/${lock}.lock"; done \
 && python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv install --no-cache-dir --disable-pip-version-check --no-compile \
      --only-binary=:all: --require-hashes "$@"
# What wheels bring and serving never opens goes: the list and the reasons are in the script.
# The root file system is read-only when it runs, so the bytecode is made here.
# It is never compared with its source: times of files do not survive every way of copying a layer.
COPY image/trim.py image/
RUN python image/trim.py /opt/venv \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib
# A checkout may be readable to its owner alone; in the image everybody reads and nobody but root writes.
COPY app/ /opt/slipway/app/
COPY image/health.py /opt/slipway/
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/slipway && chmod -R a+rX,go-w /opt/slipway
COPY models/ /models/
RUN chmod -R a+rX,go-w /models

# What the environment consists of, read from the environment itself by tools that stay in this stage.
FROM build AS sbom
COPY pyproject.toml ./
RUN python -m venv --without-pip /opt/audit \
 && python -m pip --python /opt/audit install --no-cache-dir --disable-pip-version-check --no-compile \
      --only-binary=:all: --require-hashes --requirement requirements/audit.lock \
 && /opt/audit/bin/python -W ignore -m cyclonedx_py environment --pyproject pyproject.toml \
      --output-reproducible --output-file /sbom.cdx.json /opt/venv/bin/python \
 && chmod a+r /sbom.cdx.json

FROM ${BASE} AS serve
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Serves bundles: a model, its proof and its profile, over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE}"

# MALLOC_ARENA_MAX: an arena for each thread keeps memory that is never given back.
# PYTHONFAULTHANDLER: a crash in native code leaves a traceback.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    ORT_DISABLE_TELEMETRY=1 \
    MALLOC_ARENA_MAX=2 \
    SLIPWAY_HOST=:: \
    SLIPWAY_PORT=8000 \
    SLIPWAY_MODELS=/models

# Everything belongs to root and is only read: the user that runs it can change nothing.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/slipway /opt/slipway
COPY --from=sbom /sbom.cdx.json /opt/slipway/sbom.cdx.json
# Last, because it changes most. A volume mounted on /models takes its place.
COPY --from=build /models /models

WORKDIR /opt/slipway
# Numbers, because Kubernetes cannot tell from a name that a user is not root.
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
# For docker and compose; Kubernetes has probes of its own. No shell, no curl, and no proxy from the environment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-IS", "/opt/slipway/health.py"]
ENTRYPOINT ["python", "-m", "app"]

# Training: the same base, the training set, app/ for the contract of bundles, and no model.
# It stands behind `serve` so that builders which make every stage up to the target do not make it for `serve`.
FROM ${BASE} AS training-build
WORKDIR /build
COPY requirements/*.lock requirements/
ARG TRAINING_LOCK=train
RUN for lock in ${TRAINING_LOCK}; do set -- "$@" --requirement "requirements/${lock}.lock"; done \
 && python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv install --no-cache-dir --disable-pip-version-check --no-compile \
      --only-binary=:all: --require-hashes "$@"
# Headers of TensorFlow's C++ interface.
RUN rm -rf /opt/venv/lib/python3.*/site-packages/tensorflow/include \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib
COPY app/ /opt/slipway/app/
COPY training/ /opt/slipway/training/
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/slipway && chmod -R a+rX,go-w /opt/slipway

FROM ${BASE} AS training
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Slipway training" \
      org.opencontainers.image.description="Turns a data file into a bundle for Slipway to serve" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE}"
# Libraries write caches below these two; the root is read-only, /tmp is mounted.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib
COPY --from=training-build /opt/venv /opt/venv
COPY --from=training-build /opt/slipway /opt/slipway
WORKDIR /opt/slipway
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "training"]

# What a build without a target makes.
FROM serve AS image
