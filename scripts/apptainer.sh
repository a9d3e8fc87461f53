#!/bin/bash
# apptainer.sh COMMAND IMAGE [ARGUMENTS...]: `apptainer run|exec|inspect|test IMAGE …`, by the machine's own apptainer
# where there is one, else by the builder image's, in a throw-away user namespace without a network (root only).
set -euo pipefail
command=${1:?usage: apptainer.sh COMMAND IMAGE [ARGUMENTS...]} image=$(readlink -f "${2:?which image?}")
shift 2
for program in apptainer singularity; do
	if type "$program" >/dev/null 2>&1; then exec "$program" "$command" "$image" "$@"; fi
done
if [ "$(id -u)" -ne 0 ]; then
	echo "To run $image, install apptainer: apptainer $command $image" >&2
	exit 3
fi

cache=${XDG_CACHE_HOME:+$XDG_CACHE_HOME/container-builder}
cache=${cache:-/var/cache/container-builder}
base=$(sed -n 's/.*"base":{"id":"\([0-9a-f]*\)".*/\1/p' <(tr -d '[:space:]' <"$cache/images/current/image.json"))
export FIRST=100000 COUNT=65536 IMAGE=$image COMMAND=$command
export TREE=$cache/trees/$base-$FIRST/tree
[ -d "$TREE" ] || {
	echo "There is no unpacked builder image at $TREE: build something first." >&2
	exit 3
}

# The mounts are in a namespace of their own, and end with it.
exec unshare --mount --propagation private bash -euo pipefail -c '
	mount -t tmpfs -o size=2g,mode=755 run /mnt
	mkdir /mnt/dev /mnt/upper /mnt/work /mnt/root
	chown $FIRST:$FIRST /mnt/upper /mnt/work
	chmod 755 /mnt/upper
	for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229; do
		IFS=: read -r name major minor <<<"$node"
		mknod -m 666 "/mnt/dev/$name" c "$major" "$minor"
	done
	echo "root:$FIRST:$COUNT" >/mnt/ids
	for file in /etc/subuid /etc/subgid; do mount --bind /mnt/ids $file; done
	: >/mnt/image
	mount --bind "$IMAGE" /mnt/image
	mkdir /mnt/tree
	mount --bind "$TREE" /mnt/tree
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
		: >$root/image.sif
		mount --bind /mnt/image $root/image.sif
		cd $root
		mkdir .old
		pivot_root . .old
		umount -l /.old
		cd /
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
		exec apptainer --silent "$COMMAND" /image.sif "$@"
	'\'' bash "$@"
' bash "$@"
