// An image from its builder to the client, verified; with TLS and without. Asserts nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../scripts/support/say.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startNginx } from './nginx.mjs';
import { transfer } from './transfer.mjs';

const MIB = 2 ** 20;

export async function run(args) {
	const { rounds, isShort, json } = readRounds(args, { rounds: 5, short: 1 });
	const size = (isShort ? 128 : 4_096) * MIB;
	for (const place of ['/dev/shm', tmpdir()]) {
		const { bavail, bsize } = statfsSync(place);
		if (bavail * bsize < 3 * size)
			throw new UsageError(`${place} has no room for three images of ${size} bytes`);
		const directory = mkdtempSync(join(place, 'cb-bench-image-'));
		const source = join(directory, 'source');
		execFileSync('dd', ['if=/dev/urandom', `of=${source}`, 'bs=1M', `count=${size / MIB}`], {
			stdio: 'ignore',
		});
		const target = join(directory, 'target');
		const nginx = await startNginx(directory);
		const memory = {};
		const sided = async (name, run) => {
			rmSync(target, { force: true });
			const { ms, peaks } = await run();
			if (statSync(target).size !== size)
				throw new Error(`${name} has brought ${statSync(target).size} bytes`);
			if (peaks !== undefined) memory[name] = peaks;
			return ms;
		};
		const ours = (name, listen) => ({
			name,
			run: () => sided(name, () => transfer({ source, target, listen, place: directory })),
		});
		const curl = (name, base) => ({
			name,
			run: () => sided(name, () => nginx.fetch(`${base}/source`, target)),
		});
		try {
			const sides = await alternate(
				[
					curl('curl + sha256sum, http', nginx.plain),
					ours('container-builder, unix socket', 'ws+unix:///unused'),
					curl('curl + sha256sum, https', nginx.secured),
					ours('container-builder, wss', 'wss://127.0.0.1:0'),
				],
				rounds,
			);
			const within = (own, other) => (rows) => rows[own].median <= 1.25 * rows[other].median;
			report({
				title: `${size / MIB} MiB in ${place}`,
				unit: 'ms',
				sides,
				reference: 'curl + sha256sum, http',
				targets: [
					{
						text: 'without TLS <= 1.25 x curl + sha256sum',
						isReached: within('container-builder, unix socket', 'curl + sha256sum, http'),
					},
					{
						text: 'with TLS <= 1.25 x curl + sha256sum',
						isReached: within('container-builder, wss', 'curl + sha256sum, https'),
					},
				],
				json,
			});
			for (const [name, { client, builder }] of Object.entries(memory)) {
				process.stdout.write(
					`${name}: client ${client.toFixed(0)} MiB, builder ${builder.toFixed(0)} MiB at most; ` +
						`<= 150 MB each: ${Math.max(client, builder) * 1.048576 <= 150 ? 'kept' : 'missed'}\n`,
				);
			}
		} finally {
			await nginx.close();
			rmSync(directory, { recursive: true, force: true });
		}
	}
}
