#!/bin/bash
# mapped.sh FIRST COUNT COMMAND...: runs COMMAND as root of a user namespace whose ids from 0 on are FIRST and on out here.
# It keeps its working directory, and can enter hardly any other.
set -euo pipefail
first=$1 count=$2
shift 2
map=(unshare --user --map-users="$first,0,$count" --map-groups="$first,0,$count" --setuid 0 --setgid 0 -- "$@")
[ "$(id -u)" = 0 ] || exec "${map[@]}"
# newuidmap asks /etc/subuid also for root; it is covered in a mount namespace of this command's own.
# shellcheck disable=SC2016
exec unshare --mount --propagation private -- bash -ec '
	directory=$PWD
	mount -t tmpfs -o size=64k,mode=755 subid "$0"
	echo "root:$1:$2" >"$0/subid"
	for file in /etc/subuid /etc/subgid; do mount --bind "$0/subid" "$file"; done
	umount -l "$0"
	cd "$directory"
	shift 2
	exec "$@"' "${TMPDIR:-/tmp}" "$first" "$count" "${map[@]}"
