import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that every object of a SIF file begins at a multiple of. */
const PAGE = 4096;
/** Of a squashfs superblock. */
const MAGIC = 'hsqs';
const COMPRESSIONS: Readonly<Record<number, string>> = {
	1: 'gzip',
	2: 'lzma',
	3: 'lzo',
	4: 'xz',
	5: 'lz4',
	6: 'zstd',
};

/** Where the file system of a SIF file begins, and how its superblock says it is compressed. */
export function sifFileSystem(path: string): { readonly offset: number; readonly compression: string } {
	const file = openSync(path, 'r');
	try {
		const superblock = Buffer.alloc(96);
		for (let offset = 0; offset < statSync(path).size; offset += PAGE) {
			readSync(file, superblock, 0, superblock.length, offset);
			if (superblock.toString('latin1', 0, 4) !== MAGIC) continue;
			const id = superblock.readUInt16LE(20);
			return { offset, compression: COMPRESSIONS[id] ?? `number ${id}` };
		}
	} finally {
		closeSync(file);
	}
	throw new Error(`${path} holds no squashfs`);
}

/** An OCI archive, unpacked. */
export interface OciArchive {
	readonly manifest: {
		readonly config: { readonly digest: string };
		readonly layers: readonly { readonly digest: string }[];
	};
	readonly config: {
		readonly architecture: string;
		readonly config: {
			readonly Env?: readonly string[];
			readonly Entrypoint?: readonly string[];
			readonly Cmd?: readonly string[];
			readonly User?: string;
			readonly WorkingDir?: string;
			readonly Labels?: Readonly<Record<string, string>>;
		};
	};
	/** Paths of the layers' tar archives. */
	readonly layers: readonly string[];
	/** `tar -tv` of all layers, one below the other, owners in numbers. */
	readonly listing: string;
}

/** Unpacks an OCI archive into an empty directory, and checks the digest of every blob on the way. */
export function readOciArchive(path: string, directory: string): OciArchive {
	execFileSync('tar', ['-xf', path, '-C', directory]);
	const blob = (digest: string): string => {
		const place = join(directory, 'blobs', digest.replace(':', '/'));
		const found = `sha256:${createHash('sha256').update(readFileSync(place)).digest('hex')}`;
		if (found !== digest) throw new Error(`the blob ${digest} is ${found}`);
		return place;
	};
	const json = (place: string): unknown => JSON.parse(readFileSync(place, 'utf8'));
	const index = json(join(directory, 'index.json')) as { manifests: readonly { digest: string }[] };
	if (index.manifests.length !== 1) throw new Error(`${index.manifests.length} manifests in ${path}`);
	const manifest = json(blob(index.manifests[0]?.digest ?? '')) as OciArchive['manifest'];
	const config = json(blob(manifest.config.digest)) as OciArchive['config'];
	const layers = manifest.layers.map(({ digest }) => blob(digest));
	const listing = layers
		.map((layer) => execFileSync('tar', ['--numeric-owner', '-tvf', layer], { encoding: 'utf8' }))
		.join('');
	return { manifest, config, layers, listing };
}
