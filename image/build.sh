#!/bin/sh
# Build the image with docker, podman or buildah, whichever there is: `make image` and `make image-test` call this.
#
#   TARGET         serve | training                            (serve)
#   TAG            name of the image                           (slipway:VERSION, slipway-training:VERSION)
#   LOCK           what is installed, also several: "grpc signing"   (serve; for training: train)
#   BASE           another base than the Dockerfile's
#   BUILDER        docker | podman | buildah                   (the first that works)
#   BUILD_OPTIONS  further words for the builder
set -eu
cd "$(dirname "$0")/.."

target=${TARGET:-serve}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
case $target in
  serve) tag=${TAG:-slipway:$version} lock=${LOCK:+LOCK=$LOCK} ;;
  training) tag=${TAG:-slipway-training:$version} lock=${LOCK:+TRAINING_LOCK=$LOCK} ;;
  *) echo "Invalid TARGET: expected serve or training. Received: $target." >&2; exit 2 ;;
esac

works() {
  case $1 in
    docker) command -v docker >/dev/null && docker info >/dev/null 2>&1 ;;  # a client alone builds nothing
    *) command -v "$1" >/dev/null ;;
  esac
}
if [ -z "${BUILDER:-}" ]; then
  for BUILDER in docker podman buildah none; do
    [ "$BUILDER" = none ] || ! works "$BUILDER" || break
  done
fi
[ "$BUILDER" != none ] || { echo "Cannot build: expected docker, podman or buildah. Found: none that works." >&2; exit 1; }

# The commit's own time: the same commit gives the same labels.
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain 2>/dev/null)" ] || revision=$revision-dirty
created=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null || echo 1970-01-01T00:00:00Z)

case $BUILDER in
  docker) set -- docker build ;;
  # The OCI format has no place for the HEALTHCHECK.
  *) set -- "$BUILDER" build --format docker ;;
esac
[ -z "$lock" ] || set -- "$@" --build-arg "$lock"
[ -z "${BASE:-}" ] || set -- "$@" --build-arg "BASE=$BASE"
echo "$BUILDER builds $target as $tag" >&2
# shellcheck disable=SC2086  # words on purpose
exec "$@" --target "$target" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --build-arg "CREATED=$created" --tag "$tag" ${BUILD_OPTIONS:-} .
