import { createCipheriv } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 2 ** 20;

/**
 * A tree as one has it: `count` files of text of 1 to 8 KiB, a hundred in a directory, and one of `size` bytes, every other
 * MiB of which cannot be compressed. The same bytes each time.
 */
export function writeFiles(directory, { count, size }) {
	const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
	mkdirSync(directory);
	writeFileSync(join(directory, 'app.def'), 'Bootstrap: scratch\n');
	for (let number = 0; number < count; number++) {
		const folder = join(directory, `folder-${Math.floor(number / 100)}`);
		if (number % 100 === 0) mkdirSync(folder);
		const line = `${noise.update(Buffer.alloc(24)).toString('base64')} is what line number ${number} says\n`;
		writeFileSync(
			join(folder, `file-${number}.txt`),
			line.repeat(Math.ceil((1_024 * (1 + (number % 8))) / line.length)),
		);
	}
	const file = openSync(join(directory, 'big'), 'w');
	const text = Buffer.alloc(MIB, 'as one finds in a table of figures, again and again; ');
	for (let at = 0; at < size; at += 2 * MIB) {
		writeSync(file, noise.update(Buffer.alloc(MIB)));
		writeSync(file, text);
	}
	closeSync(file);
}
