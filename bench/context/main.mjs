// Many small files and a big one to the builder, and what one would use instead. Asserts nothing.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/support/project.mjs';
import { UsageError } from '../../scripts/support/say.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startScriptQueue } from '../support/start-script-queue.mjs';
import { timed } from '../support/timed.mjs';
import { startSshd } from './sshd.mjs';
import { writeFiles } from './write-files.mjs';

const MIB = 2 ** 20;

export async function run(args) {
	const { rounds, isShort, json } = readRounds(args, { rounds: 5, short: 1 });
	const [count, size] = isShort ? [500, 64 * MIB] : [10_000, 2_048 * MIB];
	const place = mkdtempSync(join(tmpdir(), 'cb-bench-context-'));
	const { bavail, bsize } = statfsSync(place);
	if (bavail * bsize < 4 * size) throw new UsageError(`${place} has no room for four times ${size} bytes`);
	const [source, target] = [join(place, 'source'), join(place, 'target')];
	const sshd = await startSshd(place);
	const check = `test $(find . -type f | wc -l) -ge ${count + 1} && cp "$DEFINITION" "$IMAGE"`;
	const queue = await startScriptQueue(check, { reserve: 1, place });
	let builds = 0;
	const words = ['--queue', queue.url, '--transfer-context', '--force', join(place, 'app.sif'), 'app.def'];
	const program = join(root, 'packages/cli/dist/bin/container-builder.js');
	const piped = `tar -c . | zstd -q | ${sshd.command} 'mkdir -p ${target} && cd ${target} && zstd -dq | tar -x'`;
	const ours = 'container-builder, the whole command';
	const theirs = 'tar | zstd | ssh tar';
	try {
		writeFiles(source, { count, size });
		const sides = await alternate(
			[
				{
					name: theirs,
					run: async () => {
						rmSync(target, { recursive: true, force: true });
						return await timed('/bin/bash', ['-o', 'pipefail', '-c', piped], { cwd: source });
					},
				},
				{
					name: ours,
					run: async () => {
						await queue.ready(++builds);
						return await timed(process.execPath, [program, ...words], { cwd: source });
					},
				},
			],
			rounds,
		);
		report({
			title: `${count.toLocaleString('en-US')} files and one of ${size / MIB} MiB`,
			unit: 'ms',
			sides,
			reference: theirs,
			targets: [
				{
					text: `<= 1.2 x ${theirs}`,
					isReached: (rows) => rows[ours].median <= 1.2 * rows[theirs].median,
				},
			],
			json,
		});
	} finally {
		await queue.close();
		await sshd.close();
		rmSync(place, { recursive: true, force: true });
	}
}
