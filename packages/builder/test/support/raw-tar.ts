/** One header and what follows it, written the way an attacker would: nothing is checked, nothing is mended. */
export interface RawEntry {
	readonly name: string;
	/** `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` directory, `6` pipe, `x` pax, `g` pax for all, `L` and `K` long names. */
	readonly type: string;
	readonly mode?: number;
	readonly target?: string;
	/** @default the length of the content */
	readonly size?: number;
	readonly content?: Uint8Array | string;
	readonly format?: 'ustar' | 'gnu';
}

export function rawTar(entries: readonly RawEntry[], end = true): Buffer {
	return Buffer.concat([...entries.flatMap(blocks), ...(end ? [Buffer.alloc(1024)] : [])]);
}

/** A record of a pax header: its length, in bytes, counts itself. */
export function paxRecord(key: string, value: string): string {
	const length = Buffer.byteLength(` ${key}=${value}\n`);
	const digits = String(length + String(length).length).length;
	return `${length + digits} ${key}=${value}\n`;
}

function blocks(entry: RawEntry): readonly Buffer[] {
	const content = Buffer.from(entry.content ?? '');
	const header = Buffer.alloc(512);
	const octal = (value: number, at: number, width: number): void => {
		header.write(
			`${value
				.toString(8)
				.padStart(width - 1, '0')
				.slice(0, width - 1)}\0`,
			at,
			'latin1',
		);
	};
	header.write(entry.name, 0, 100);
	octal(entry.mode ?? 0o644, 100, 8);
	octal(0, 108, 8);
	octal(0, 116, 8);
	writeSize(header, entry.size ?? content.length);
	octal(0, 136, 12);
	header.write(entry.type, 156, 'latin1');
	header.write(entry.target ?? '', 157, 100);
	header.write(entry.format === 'gnu' ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
	header.fill(' ', 148, 156);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}

/** What is too large for octal digits, or below zero, in base 256. */
function writeSize(header: Buffer, size: number): void {
	if (size >= 0 && size < 8 ** 11) {
		header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
		return;
	}
	header.fill(size < 0 ? 0xff : 0, 124, 136);
	header[124] = size < 0 ? 0xff : 0x80;
	header.writeBigInt64BE(BigInt(size), 128);
}
