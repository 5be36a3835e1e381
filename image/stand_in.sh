#!/bin/sh
# Make a base to build on where no registry can be asked: `stand_in.sh NAME` bootstraps a Debian with its Python.
#
#   debootstrap ─> what pip needs to reach its index from here ─> podman import
#
# It stands in for the slim Python image of the Dockerfile: the same Debian, that Debian's own Python, other files.
# It is made once and kept in podman's store; `podman rmi NAME` lets the next one be made anew.
set -eu
name=$1
if podman image exists "$name"; then echo "The stand-in base $name is there already." >&2; exit; fi
root=$(mktemp -d "${TMPDIR:-/var/tmp}/stand-in.XXXXXX")
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates,python3,python3-pip,python3-venv,python-is-python3 bookworm "$root" >"$root.log" 2>&1 \
  || { cat "$root.log" >&2; exit 1; }
rm -rf "$root.log" "$root/var/cache/apt" "$root/var/lib/apt/lists"
# Where a certificate or an index of one's own is needed to install packages, the base knows it, and not the Dockerfile.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
{
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\ntimeout = 180\n'
  index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
  [ -z "$index" ] || printf 'index-url = %s\n' "$index"
} >"$root/etc/pip.conf"
tar -C "$root" -c . | podman import --quiet - "$name" >/dev/null
echo "Bootstrapped the stand-in base $name." >&2
