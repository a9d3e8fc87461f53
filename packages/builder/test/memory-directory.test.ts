import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeMemoryDirectory } from '../src/build/memory-directory.js';

describe('a directory in memory', () => {
	it('is made where the user has one of his own, and removed with what is in it', async () => {
		const runtime = await mkdtemp('/dev/shm/cb-memory-test-');
		try {
			const made = await makeMemoryDirectory({ XDG_RUNTIME_DIR: runtime });
			const path = made?.path ?? '';
			expect(dirname(path)).toBe(runtime);
			expect((await stat(path)).mode & 0o777).toBe(0o711);
			await writeFile(join(path, 'file'), 'text');
			await made?.remove();
			await made?.remove();
			expect(await readdir(runtime)).toEqual([]);
		} finally {
			await rm(runtime, { recursive: true });
		}
	});

	it.each(['relative', '/does/not/exist', ''])('is not made in XDG_RUNTIME_DIR=%s', async (runtime) => {
		const made = await makeMemoryDirectory({ XDG_RUNTIME_DIR: runtime });
		expect(['/run', '/dev/shm']).toContain(dirname(made?.path ?? ''));
		await made?.remove();
	});

	it('is not made on a disk, whatever it is called', async () => {
		const disk = await mkdtemp(join(import.meta.dirname, 'not-memory-'));
		try {
			const made = await makeMemoryDirectory({ XDG_RUNTIME_DIR: disk });
			expect(dirname(made?.path ?? '')).not.toBe(disk);
			expect(await readdir(disk)).toEqual([]);
			await made?.remove();
		} finally {
			await rm(disk, { recursive: true });
		}
	});
});
