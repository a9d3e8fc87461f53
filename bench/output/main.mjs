// A million lines of 80 bytes from a build to a file, and how late a line is at 1,000 of them a second. Asserts nothing.
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/support/project.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startScriptQueue } from '../support/start-script-queue.mjs';
import { timed } from '../support/timed.mjs';
import { delays } from './delays.mjs';

export async function run(args) {
	const { rounds, isShort, json } = readRounds(args, { rounds: 7, short: 1 });
	const lines = isShort ? 50_000 : 1_000_000;
	const print = `seq -f '%079.0f' ${lines}`;
	const program = join(root, 'packages/cli/dist/bin/container-builder.js');
	const queue = await startScriptQueue(`${print}; cp "$DEFINITION" "$IMAGE"`, { reserve: 2 });
	const { directory } = queue;
	writeFileSync(join(directory, 'app.def'), 'Bootstrap: scratch\n');
	const file = join(directory, 'output');
	let builds = 0;
	const intoFile = async (run) => {
		const stdout = openSync(file, 'w');
		try {
			const took = await run(stdout);
			const { size } = statSync(file);
			if (size !== 80 * lines) throw new Error(`${size} bytes have arrived, not ${80 * lines}`);
			return took;
		} finally {
			closeSync(stdout);
		}
	};
	try {
		const sides = await alternate(
			[
				{ name: 'seq > FILE', run: () => intoFile((stdout) => timed('/bin/sh', ['-c', print], { stdout })) },
				{
					name: 'container-builder > FILE',
					run: async () => {
						await queue.ready(++builds);
						const words = [program, '--queue', queue.url, '--force', 'app.sif', 'app.def'];
						return await intoFile((stdout) => timed(process.execPath, words, { cwd: directory, stdout }));
					},
				},
			],
			rounds,
		);
		const bytes = 80 * lines;
		report({
			title: `${lines.toLocaleString('en-US')} lines of 80 bytes`,
			unit: 'ms',
			sides,
			reference: 'seq > FILE',
			targets: [
				{
					text: '>= 60 MB/s, the command included',
					isReached: (rows) => bytes / rows['container-builder > FILE'].median / 1_000 >= 60,
				},
			],
			json,
		});
	} finally {
		await queue.close();
	}
	const seconds = isShort ? 2 : 10;
	const late = await delays(seconds);
	process.stdout.write(
		`a line at 1,000/s is late by p50 ${late.p50.toFixed(2)} ms, p99 ${late.p99.toFixed(2)} ms (${late.count} lines)\n` +
			`p50 <= 3 ms: ${late.p50 <= 3 ? 'kept' : 'missed'}\np99 <= 15 ms: ${late.p99 <= 15 ? 'kept' : 'missed'}\n`,
	);
}
