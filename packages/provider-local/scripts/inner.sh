#!/bin/bash
# Root of the inner user namespace, process 1 of the sandbox: puts the file system together and becomes its init.
set -euo pipefail
umask 022
cd "$POINT"
root=$POINT/outer/root
layers=lowerdir=$POINT/layer:$POINT/base,upperdir=$POINT/disk/upper,workdir=$POINT/disk/work,userxattr
# What is in it will not outlive a crash anyway: nothing has to wait for the disk.
mount -t overlay -o "$layers,volatile" overlay "$root" 2>/dev/null || mount -t overlay -o "$layers" overlay "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
if [ "$NETWORK" = shared ]; then mount --rbind "$POINT/sys" "$root/sys"; else mount --rbind "$POINT/outer/sys" "$root/sys"; fi

mount -t tmpfs -o mode=755,nosuid,size=1m dev "$root/dev"
for device in "$POINT"/dev/*; do
	: >"$root/dev/${device##*/}"
	mount --bind "$device" "$root/dev/${device##*/}"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777,nosuid,nodev,size=256m shm "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

mount -t tmpfs -o mode=755,nosuid,nodev,size=64m run "$root/run"
mkdir -m 1777 "$root/run/lock"
mkdir -m 700 "$root/run/container-builder"
mount --bind "$POINT/sockets" "$root/run/container-builder"
mkdir -p "$root/var/lib/container-builder"
# Links of the image may not lead anywhere else.
rm -f "$root/etc/resolv.conf" "$root/etc/hosts" "$root/etc/hostname"
cat "$POINT/resolv.conf" >"$root/etc/resolv.conf"
cat "$POINT/hosts" >"$root/etc/hosts"
echo builder >"$root/etc/hostname"
hostname builder

variables=()
while read -r variable; do [ -z "$variable" ] || variables+=("$variable"); done <<<"$VARIABLES"
cd "$root"
mkdir .old
pivot_root . .old
umount -l /.old
rmdir /.old
cd /root
echo init
exec </dev/null >&2
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
	"${variables[@]}" setpriv --pdeathsig KILL tini -g -- "$@"
