#!/bin/bash
# Builds the images with buildah, without a container engine or a registry, and writes them as OCI archives:
# FOLDER/listenq-agent.tar, listenq-aggregator.tar and listenq-cli.tar, which hold localhost/NAME:VERSION and
# which `ctr images import` takes; and FOLDER/listenq, the static client. Ends with 77, and says why, where the
# machine lacks what that needs.
#
# usage: build.sh FOLDER
#
# What makes the next build quick stays below build/image: the base image, which debootstrap makes, and the layers.
# Of the machine's compiler cache the build stage uses what ./dev build left, and adds to it.
set -euo pipefail
output=$(mkdir -p "$1" && readlink -f "$1")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

images=(agent aggregator cli)
base=docker.io/library/debian:12
state=${PWD}/build/image
# More than some ten builds leave.
max_state_mib=6000

# Read by tools/skipped_tests.py, which knows GoogleTest's words.
skip() {
  printf 'Skipped\n%s\n[  SKIPPED ] image\n' "$1"
  exit 77
}

check_machine() {
  local program
  [[ ${EUID} -eq 0 ]] || skip "images are built by root"
  for program in buildah ccache; do
    command -v "${program}" > /dev/null || skip "${program} is not installed"
  done
}

# step NAME COMMAND…: runs it and says how long it took.
step() {
  local name=$1 start=${SECONDS} status=0
  shift
  "$@" || status=$?
  echo "${name}: $((SECONDS - start)) s"
  return "${status}"
}

run_buildah() {
  buildah --root "${state}/storage" --runroot "${temporary}/run" --storage-driver overlay "$@"
}

# Debian 12 from where this machine has its packages.
import_base() {
  local container
  container=$(run_buildah from scratch)
  run_buildah add --quiet "${container}" "${base_archive}" / > /dev/null
  run_buildah commit --rm --quiet "${container}" "${base}" > /dev/null
}

# ---------------------------------------------------------------------------------------------------------

# build_target TARGET ARGS…
build_target() {
  local cache
  cache=$(ccache --get-config cache_dir)
  mkdir -p "${cache}"
  run_buildah bud --layers --isolation chroot --pull-never --volume "${cache}:/ccache" --target "$@" .
}

build_image() { build_target "$1" --tag "localhost/listenq-$1:${version}"; }
build_program() { build_target program --output "type=local,dest=${output}"; }

write_image() {
  local name=listenq-$1:${version} archive=${output}/listenq-$1.tar
  rm -f "${archive}"
  run_buildah push --quiet "localhost/${name}" "oci-archive:${archive}:localhost/${name}"
}

check_machine
# Mounts of ours are seen by nobody else and end with us.
[[ ${LISTENQ_IMAGE_MOUNTS:-} == ours ]] ||
  LISTENQ_IMAGE_MOUNTS=ours exec unshare --mount --propagation private "${PWD}/tests/image/build.sh" "${output}"

mkdir -p "${state}"
exec {lock}> "${state}/lock"
flock "${lock}"
temporary=$(mktemp --directory /tmp/lqt-image-XXXXXX)
export TMPDIR=${temporary}
trap 'rm -rf --one-file-system "${temporary}"' EXIT
version=$(sed -n 's/^project(listenq VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

[[ $(du --summarize --block-size=1M "${state}" | cut -f 1) -lt ${max_state_mib} ]] || rm -rf "${state}/storage"
base_archive=$(tests/image/base)
run_buildah inspect --type image "${base}" > /dev/null 2>&1 || step "import base" import_base
for image in "${images[@]}"; do
  step "build ${image}" build_image "${image}"
done
step "build program" build_program
for image in "${images[@]}"; do
  step "write ${image}" write_image "${image}"
done
