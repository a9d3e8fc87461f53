#!/bin/bash
# remove.sh PATH...: removes what may belong to ids of a sandbox.
set -uo pipefail
rm -rf --one-file-system -- "$@" 2>/dev/null && exit 0
[ "$(id -u)" = 0 ] || exec unshare --user --map-root-user --map-auto rm -rf --one-file-system -- "$@"
exec rm -rf --one-file-system -- "$@"
