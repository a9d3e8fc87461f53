#!/bin/bash
# unpack.sh TARGET FIRST COUNT base ARCHIVE SHA256   a tar archive (zstd)
# unpack.sh TARGET FIRST COUNT layer DIRECTORY       a directory; all of it is root's
# Makes TARGET with the ids shifted by FIRST, at once or not at all. TARGET's directory is nobody else's to enter.
set -euo pipefail
umask 022
target=$1 first=$2 count=$3 kind=$4 source=$5
SCRIPTS=$(dirname "${BASH_SOURCE[0]}")
cd "$(dirname "$target")"
exec 9>.lock
flock 9
if [ -d "$target" ]; then exit 0; fi

new=$(mktemp -d ./.new-XXXXXX)
new=$PWD/${new#./}
trap 'bash "$SCRIPTS/remove.sh" "$new"' EXIT
trap 'exit 1' TERM INT HUP
cd "$new"
# The root of the new user namespace is somebody else: it makes the tree itself.
chmod 777 .
# By no other path than this: the directories above are not its to enter.
tree() {
	bash "$SCRIPTS/mapped.sh" "$first" "$count" sh -ec 'umask 022; mkdir tree; exec tar -xpf - -C tree --numeric-owner --exclude="./dev/*"'
}
case $kind in
base)
	mkfifo pipe
	zstd -dcq <pipe | tree 9>&- &
	sum=$(tee pipe <"$source" | sha256sum)
	wait $! || { echo "$source cannot be unpacked" >&2; exit 1; }
	[ "${sum%% *}" = "$6" ] || { echo "$source is not what its manifest says: its SHA-256 is ${sum%% *}, not $6" >&2; exit 1; }
	rm pipe
	;;
layer) tar -C "$source" --owner=0 --group=0 --numeric-owner -cf - . | tree 9>&- ;;
esac
chmod 755 .
mv -T "$new" "$target"
