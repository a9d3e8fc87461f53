#!/bin/bash
# Puts together on one tmpfs all that the sandbox is made of: as real root in a mount namespace of its own, or as
# root of a user's outer namespace. POINT is a directory that everybody may pass through; it is covered here only.
set -euo pipefail
umask 022
place=$MACHINE/place
mkdir "$place"
mount -t tmpfs -o size=4m,mode=755 sandbox "$place"
cd "$place"
mkdir dev disk base layer sockets sys outer tools

for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229; do
	IFS=: read -r name major minor <<<"$node"
	if [ "$MODE" = root ] && mknod "dev/$name" c "$major" "$minor" 2>/dev/null; then
		chmod 666 "dev/$name"
	elif [ -e "/dev/$name" ]; then
		: >"dev/$name"
		mount --bind "/dev/$name" "dev/$name"
	fi
done

case $DISK in
image)
	mount -o loop,nosuid,nodev,noatime,nodiscard,errors=remount-ro "$DISK_PATH" disk
	# The mount holds it; with the last process of the sandbox it is gone.
	rm "$DISK_PATH"
	rmdir disk/lost+found
	;;
tmpfs) mount -t tmpfs -o "nosuid,nodev,size=$DISK_BYTES,mode=755" disk disk ;;
directory)
	mkdir "$DISK_PATH"
	mount --bind "$DISK_PATH" disk
	;;
esac
# The first id of the sandbox, as it is called here.
if [ "$MODE" = root ]; then first=$FIRST; else first=1; fi
mkdir disk/upper disk/work
chown "$first:$first" disk disk/upper disk/work
chmod 755 disk disk/upper
if [ "$MODE" = user ]; then
	# For the user, who watches for the socket, and the sandbox's root; its build user is neither.
	chown "0:$first" "$MACHINE/s"
	chmod 770 "$MACHINE/s"
	chown "$first:$first" "$MACHINE/s/bootstrap.json"
fi

mount --bind "$BASE" base
mount -o remount,bind,ro base
mount --bind "$LAYER" layer
mount -o remount,bind,ro layer
mount --bind "$MACHINE/s" sockets
mount -o remount,bind,nosuid,nodev,noexec sockets
# Only the owner of the network namespace may mount a sysfs: outer.sh does, where there is one.
if [ "$NETWORK" = shared ] && [ "$MODE" = root ]; then
	mount --bind /sys sys
	mount -o remount,bind,ro,nosuid,nodev,noexec sys
elif [ "$NETWORK" = shared ]; then
	mount --rbind /sys sys
fi
# The checkout may be in a directory that the ids of the sandbox cannot enter.
cp "$SCRIPTS/outer.sh" "$SCRIPTS/inner.sh" tools/
printf '%s' "$RESOLV_CONF" >resolv.conf
printf '%s' "$HOSTS" >hosts
# newuidmap reads these, for the inner namespace; they are covered in this mount namespace only.
echo "root:1:$COUNT" >subid
chmod -R a+rX tools resolv.conf hosts subid
mount --bind subid /etc/subuid
mount --bind subid /etc/subgid

cd /
# Not to be noted in a table of this machine's.
mount --no-mtab --move "$place" "$POINT"
cd "$POINT"
if [ "$MODE" = root ]; then
	net=()
	[ "$NETWORK" = shared ] || net=(--net)
	owner=$((FIRST - 1))
	# shellcheck disable=SC2016
	exec setpriv --reuid "$owner" --regid "$owner" --clear-groups \
		unshare --user "${net[@]}" --mount --propagation private -- bash -c '
			echo namespaces; read -r _ || exit 1
			exec bash "$POINT/tools/outer.sh" "$@"' bash "$@"
fi
exec bash "$POINT/tools/outer.sh" "$@"
