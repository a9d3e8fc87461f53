#!/bin/bash
# make-disk.sh TARGET BASE DAEMON KERNEL raw|qcow2 COMMAND-LINE: writes a whole-disk image (MBR, a FAT with syslinux and the kernel, ext4) to
# TARGET/disk.FORMAT, and kernel and initrd beside it. BASE: a tar archive (zstd); DAEMON, KERNEL: directories that are laid
# over it. As root, without mounts and loop devices, in the empty directory TARGET.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
target=$1 base=$2 daemon=$3 kernel=$4 format=$5 command_line=$6
files=$(dirname "$(readlink -f "$0")")
root_mib=8192 boot_mib=64
work=$target/work
umask 022
mkdir "$work" "$work/tree" "$work/initrd"
tree=$work/tree

echo 'unpacking the base'
tar --extract --zstd --numeric-owner --preserve-permissions --file "$base" --directory "$tree"
cp -r --preserve=mode "$daemon/." "$tree/"
release=$(basename "$kernel"/usr/lib/modules/*)
cp -r "$kernel/usr/lib/modules" "$tree/usr/lib/"
chroot "$tree" depmod "$release"
mkdir -p "$tree/usr/lib/container-builder/vm" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/run" "$tree/tmp"
install -m 755 "$files"/{builder-init,udhcpc,reseed,grow-partition} "$tree/usr/lib/container-builder/vm/"

echo 'making the initrd'
initrd=$work/initrd
mkdir "$initrd"/{bin,dev,proc,sys,root,modules}
cp "$tree/usr/bin/busybox" "$initrd/bin/"
ln -s busybox "$initrd/bin/sh"
: >"$initrd/modules/order"
for module in virtio_blk virtio_net virtio_rng ext4; do
	# A module of the kernel's own has no line.
	chroot "$tree" modprobe --set-version "$release" --show-depends "$module" | awk '/^insmod/ { print $2 }' | while read -r file; do
		name=$(basename "${file%.xz}")
		! grep -qx "$name" "$initrd/modules/order" || continue
		case $file in *.xz) xz -dc "$tree$file" ;; *) cat "$tree$file" ;; esac >"$initrd/modules/$name"
		echo "$name" >>"$initrd/modules/order"
	done
done
install -m 755 "$files/initrd-init" "$initrd/init"
(cd "$initrd" && find . | "$tree/usr/bin/busybox" cpio -o -H newc 2>/dev/null) >"$target/initrd"
install -m 644 "$kernel/boot/vmlinuz-$release" "$target/vmlinuz"

echo 'writing the file system'
truncate -s "${root_mib}M" "$work/root.ext4"
mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -m 0 -L builder -d "$tree" "$work/root.ext4"

echo 'writing the disk'
fat=$work/boot.fat
truncate -s "$((boot_mib - 1))M" "$fat"
mkfs.vfat -F 16 "$fat" >/dev/null
cat >"$work/syslinux.cfg" <<-END
	SERIAL 0 115200
	DEFAULT builder
	PROMPT 0
	TIMEOUT 0
	LABEL builder
	  KERNEL vmlinuz
	  INITRD initrd
	  APPEND $command_line
END
for file in "$work/syslinux.cfg" "$target/vmlinuz" "$target/initrd"; do mcopy -i "$fat" "$file" "::${file##*/}"; done
syslinux --install "$fat"
disk=$target/disk.raw
truncate -s "$((root_mib + boot_mib))M" "$disk"
printf '2048,%s,6,*\n%s,%s,83\n' "$(((boot_mib - 1) * 2048))" "$((boot_mib * 2048))" "$((root_mib * 2048))" | sfdisk -q "$disk"
dd if=/usr/lib/syslinux/mbr/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
dd if="$fat" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$work/root.ext4" of="$disk" bs=1M seek="$boot_mib" conv=notrunc,sparse status=none
rm -rf "$work"
echo "size $(stat -c %s "$disk")"
if [ "$format" = qcow2 ]; then
	qemu-img convert -O qcow2 "$disk" "$target/disk.qcow2"
	rm "$disk"
fi
