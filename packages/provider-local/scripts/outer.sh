#!/bin/bash
# Root of the outer user namespace.
set -euo pipefail
cd "$POINT"
mount -t tmpfs -o size=1m,mode=755 outer outer
mkdir outer/root outer/sys
[ "$NETWORK" = shared ] || mount -t sysfs -o ro,nosuid,nodev,noexec sysfs outer/sys
# Counts for the whole inner namespace and cannot be raised in it.
[ -z "$PROCESSES" ] || prlimit --pid $$ --nproc="$PROCESSES:$PROCESSES"
exec unshare --user --map-users="1,0,$COUNT" --map-groups="1,0,$COUNT" --setuid 0 --setgid 0 \
	--mount --propagation private --pid --fork --kill-child --ipc --uts -- bash "$POINT/tools/inner.sh" "$@"
