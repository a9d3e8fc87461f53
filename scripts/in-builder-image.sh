#!/bin/bash
# in-builder-image.sh [--bind SOURCE:TARGET]... COMMAND [ARGUMENTS...]: runs a command over the builder image's tree, in
# a throw-away user namespace without a network. Root only; for looking at images and for tests, not for builds.
set -euo pipefail
BINDS=
while [ "${1:-}" = --bind ]; do
	BINDS+="$2"$'\n'
	shift 2
done
: "${1:?usage: in-builder-image.sh [--bind SOURCE:TARGET]... COMMAND [ARGUMENTS...]}"

cache=${XDG_CACHE_HOME:+$XDG_CACHE_HOME/container-builder}
cache=${cache:-/var/cache/container-builder}
base=$(sed -n 's/.*"base":{"id":"\([0-9a-f]*\)".*/\1/p' <(tr -d '[:space:]' <"$cache/images/current/image.json"))
export BINDS FIRST=100000 COUNT=196608
export TREE=$cache/trees/$base-$FIRST/tree
[ -d "$TREE" ] || {
	echo "There is no unpacked builder image at $TREE: build something first." >&2
	exit 3
}

# The mounts are in a namespace of their own, and end with it.
exec unshare --mount --propagation private bash -euo pipefail -c '
	mount -t tmpfs -o size=2g,mode=755 run /mnt
	mkdir /mnt/dev /mnt/upper /mnt/work /mnt/root /mnt/tree /mnt/binds
	chown $FIRST:$FIRST /mnt/upper /mnt/work
	chmod 755 /mnt/upper
	for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229; do
		IFS=: read -r name major minor <<<"$node"
		mknod -m 666 "/mnt/dev/$name" c "$major" "$minor"
	done
	echo "root:$FIRST:$COUNT" >/mnt/ids
	for file in /etc/subuid /etc/subgid; do mount --bind /mnt/ids $file; done
	mount --bind "$TREE" /mnt/tree
	# Bound by real root: who is inside need not be able to reach them out here.
	number=0
	while IFS=: read -r source target; do
		[ -n "$source" ] || continue
		number=$((number + 1))
		if [ -d "$source" ]; then mkdir /mnt/binds/$number; else : >/mnt/binds/$number; fi
		mount --bind "$source" /mnt/binds/$number
		echo "$number:$target" >>/mnt/bound
	done <<<"$BINDS"
	exec unshare --user --map-users=$FIRST,0,$COUNT --map-groups=$FIRST,0,$COUNT --setuid 0 --setgid 0 \
		--mount --pid --fork --kill-child --ipc --uts --net bash -euo pipefail -c '\''
		root=/mnt/root
		mount -t overlay -o lowerdir=/mnt/tree,upperdir=/mnt/upper,workdir=/mnt/work,userxattr overlay $root
		mount -t proc -o nosuid,nodev,noexec proc $root/proc
		mount -t sysfs -o ro,nosuid,nodev,noexec sysfs $root/sys
		mount -t tmpfs -o mode=755,size=1m dev $root/dev
		for node in /mnt/dev/*; do : >$root/dev/${node##*/}; mount --bind $node $root/dev/${node##*/}; done
		ln -s /proc/self/fd $root/dev/fd
		mkdir $root/dev/shm $root/dev/pts
		mount -t tmpfs -o mode=1777,nosuid,nodev,size=64m shm $root/dev/shm
		mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts $root/dev/pts
		ln -s pts/ptmx $root/dev/ptmx
		[ ! -e /mnt/bound ] || while IFS=: read -r number target; do
			if [ -d /mnt/binds/$number ]; then mkdir -p "$root$target"; else : >"$root$target"; fi
			mount --rbind /mnt/binds/$number "$root$target"
		done </mnt/bound
		cd $root
		mkdir .old
		pivot_root . .old
		umount -l /.old
		cd /
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
	'\'' bash "$@"
' bash "$@"
