import { fstatSync, ftruncateSync, readSync } from 'node:fs';

/** What the head of LMDB's file says of it. */
interface DataFileHead {
	readonly pageSize: number;
	/** As far as pages were ever used. */
	readonly pages: number;
}

/** Bytes of a meta page that are looked at. */
const META_BYTES = 160;
const META_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
/** Of the data format that lmdb 3 writes. */
const FORMAT = 2;

/** Room that a transaction of few small writes may need: lists of free pages can be long. */
const SPARE_BYTES = 4 * 2 ** 20;

/**
 * Reads the head of the file. LMDB itself trusts what it finds: a file that was cut off or overwritten makes it end
 * the process with a signal, and it takes an empty one for new.
 *
 * @throws Error that says what is wrong with the file
 */
function readHead(descriptor: number): DataFileHead {
	const first = readMeta(descriptor, 0);
	const second = readMeta(descriptor, first.pageSize);
	const { pageSize, pages } = first.transaction >= second.transaction ? first : second;
	if (second.pageSize !== first.pageSize) throw new Error('its two heads contradict each other');
	return { pageSize, pages };
}

function readMeta(descriptor: number, position: number): DataFileHead & { readonly transaction: bigint } {
	const meta = Buffer.alloc(META_BYTES);
	if (readSync(descriptor, meta, 0, META_BYTES, position) < META_BYTES) throw new Error('it is too short');
	if ((meta.readUInt16LE(18) & META_FLAG) === 0 || meta.readUInt32LE(24) !== MAGIC) {
		throw new Error('it is not a file of LMDB');
	}
	const format = meta.readUInt16LE(28);
	if (format !== FORMAT) throw new Error(`it has LMDB's format ${format}, not ${FORMAT}`);
	const pageSize = meta.readUInt32LE(48);
	if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
		throw new Error(`it has pages of ${pageSize} bytes`);
	}
	return { pageSize, pages: Number(meta.readBigUInt64LE(144)) + 1, transaction: meta.readBigUInt64LE(152) };
}

/** @throws Error that says what is wrong, also where the file is shorter than {@link reserve} left it */
export function checkLength(descriptor: number): void {
	const { pageSize, pages } = readHead(descriptor);
	const missing = pages * pageSize - fstatSync(descriptor).size;
	if (missing > 0) throw new Error(`its last ${missing} bytes are missing`);
}

/**
 * Keeps the file longer than the next transaction, of so many writes and bytes, can use of it. LMDB counts pages that
 * it never wrote, so that a whole file may end before the last page; with this one that does was cut off. Call it
 * while no other process writes.
 */
export function reserve(descriptor: number, writes: number, bytes: number): void {
	const { pageSize, pages } = readHead(descriptor);
	const used = pages * pageSize;
	const needed = used + SPARE_BYTES + Math.ceil(used / 32) + writes * 16 * pageSize + 2 * bytes;
	// Nothing is written: the file has holes.
	if (fstatSync(descriptor).size < needed) ftruncateSync(descriptor, needed + SPARE_BYTES);
}
