import { IMAGE } from './buildah-arguments.js';

/**
 * Packs everything in the image that does not belong to root: apptainer, unpacking layers in a user namespace, gives
 * all to root. Ends by removing the store, which takes as much room as the image does, or more.
 */
const PACK = `set -e
archive=$1 image=$2 store=$3
shift 3
container=$("$@" from --quiet --pull=never "$image")
root=$("$@" mount "$container")
cd "$root"
find . -xdev '(' -type f -o -type d -o -type l ')' '(' ! -uid 0 -o ! -gid 0 ')' -print0 |
	tar --create --file "$archive" --numeric-owner --no-recursion --null --verbatim-files-from --files-from -
cd /
"$@" umount "$container" >/dev/null
rm -rf "$store"
`;

/** The command that does so, for an ordinary user. `buildah` is the program with its options. */
export function packOwnedCommand(
	buildah: readonly [string, ...string[]],
	paths: { readonly archive: string; readonly store: string },
): readonly [string, ...string[]] {
	const words = ['sh', '-c', PACK, 'sh', paths.archive, IMAGE, paths.store, ...buildah];
	return [...buildah, 'unshare', ...words];
}

/** What apptainer makes a SIF file by: of an archive, and what {@link packOwnedCommand} has packed. */
export function archiveDefinition(archive: string, owned: string | undefined): string {
	const header = `Bootstrap: oci-archive\nFrom: ${archive}\n`;
	if (owned === undefined) return header;
	const quoted = `'${owned.replaceAll("'", `'\\''`)}'`;
	// By an interpreter of our own choice, for the other tells each command in the build's output.
	return `${header}\n%setup -c /bin/sh\ntar -C "\${APPTAINER_ROOTFS:-$SINGULARITY_ROOTFS}" --numeric-owner -xpf ${quoted}\n`;
}
