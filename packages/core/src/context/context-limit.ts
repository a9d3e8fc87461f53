import { ContainerBuilderError } from '../spec/index.js';

/** Most bytes of a context where nothing else is said: 10 GiB. */
export const DEFAULT_CONTEXT_LIMIT = 10 * 2 ** 30;

/** How many of the largest things are named. */
const NAMED = 3;
/** A directory with so much of the whole is no answer to the question what is so large: what is in it is. */
const MOST = 0.9;

/** A file that would be sent. */
interface SizedFile {
	readonly path: string;
	/** Bytes, holes included. */
	readonly size: number;
}

/** What a limit is checked with. */
interface ContextLimit {
	/** Bytes. */
	readonly limit: number;
	/** What the user can do about it. */
	readonly hint: string;
}

/** Throws `size-limit`, naming what is largest, where files have more bytes than may be sent. */
export function checkContextLimit(files: readonly SizedFile[], { limit, hint }: ContextLimit): void {
	const size = files.reduce((sum, file) => sum + file.size, 0);
	if (size <= limit) return;
	const largest = largestParts(files).map((part) => `${part.path} (${inWords(part.size)})`);
	throw new ContainerBuilderError(
		'size-limit',
		`the context has ${inWords(size)}, and may have ${inWords(limit)}; largest: ${largest.join(', ')}`,
		{ hint, details: { size, limit } },
	);
}

/** `limit`, or the default. Throws `TypeError`. */
export function contextLimit(limit: number = DEFAULT_CONTEXT_LIMIT): number {
	if (!(limit >= 0)) throw new TypeError('the limit of a context is a number of bytes');
	return limit;
}

/** The largest files and directories, side by side in one directory. */
function largestParts(files: readonly SizedFile[]): readonly SizedFile[] {
	const total = files.reduce((sum, { size }) => sum + size, 0);
	let above = '';
	for (;;) {
		const parts = new Map<string, number>();
		for (const { path, size } of files) {
			if (!path.startsWith(above)) continue;
			const end = path.indexOf('/', above.length);
			const part = end < 0 ? path : path.slice(0, end + 1);
			parts.set(part, (parts.get(part) ?? 0) + size);
		}
		const sorted = [...parts]
			.map(([path, size]) => ({ path, size }))
			.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
		const [first] = sorted;
		if (first?.path.endsWith('/') && first.size > total * MOST) above = first.path;
		else return sorted.slice(0, NAMED);
	}
}

function inWords(bytes: number): string {
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
	const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
	const rounded = (bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1).replace(/\.0$/, '');
	return `${rounded} ${units[power]}`;
}
