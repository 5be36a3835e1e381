# The serving image: a Python, the locked serving set, app/ and models/. No TensorFlow, no pip of its own, no compiler.
#
#   docker build -t slipway:0.1.0 .        (or podman build, or buildah build --format docker)
#
# A release pins the base by digest: --build-arg BASE=python:3.11-slim-bookworm@sha256:…
# With gRPC beside HTTP: --build-arg LOCK=grpc
ARG BASE=python:3.11-slim-bookworm

# What is needed to make the environment stays in this stage.
FROM ${BASE} AS build
WORKDIR /build
ARG LOCK=serve
COPY requirements/serve.lock requirements/grpc.lock requirements/
# The base's pip fills an environment that has none itself.
# Hashes are checked, and only wheels are taken: nothing is compiled, no package's own code runs.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv install --no-cache-dir --disable-pip-version-check --no-compile \
      --only-binary=:all: --require-hashes --requirement "requirements/${LOCK}.lock"
# The root file system is read-only when it runs, so the bytecode is made here.
# It is never compared with its source: times of files do not survive every way of copying a layer.
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib
# A checkout may be readable to its owner alone; in the image everybody reads and nobody but root writes.
COPY app/ /opt/slipway/app/
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/slipway && chmod -R a+rX,go-w /opt/slipway
COPY models/ /models/
RUN chmod -R a+rX,go-w /models

# A further stage for training Jobs would stand here, from the same base and requirements/train.lock.

FROM ${BASE} AS serve
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Serves bundles: a model, its proof and its profile, over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# MALLOC_ARENA_MAX: an arena for each thread keeps memory that is never given back.
# PYTHONFAULTHANDLER: a crash in native code leaves a traceback.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    ORT_DISABLE_TELEMETRY=1 \
    MALLOC_ARENA_MAX=2 \
    SLIPWAY_HOST=0.0.0.0 \
    SLIPWAY_PORT=8000 \
    SLIPWAY_MODELS=/models

# Everything belongs to root and is only read: the user that runs it can change nothing.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/slipway /opt/slipway
# Last, because it changes most. A volume mounted on /models takes its place.
COPY --from=build /models /models

WORKDIR /opt/slipway
# Numbers, because Kubernetes cannot tell from a name that a user is not root.
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
# For docker and compose; Kubernetes has probes of its own. No shell, no curl, and no proxy from the environment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-ISc", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SLIPWAY_PORT']), timeout=2); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "app"]
