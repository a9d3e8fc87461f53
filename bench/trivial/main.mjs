// From the start of the command to the image, on a builder that is ready, with a script for a backend. Asserts nothing.
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/support/project.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startScriptQueue } from '../support/start-script-queue.mjs';
import { timed } from '../support/timed.mjs';

/** Of the original C++ program on a machine of two cores, as measured once: its spinner sleeps. */
const ORIGINAL_MS = 1_500;

export async function run(args) {
	const { rounds, json } = readRounds(args, { rounds: 20, short: 2 });
	const program = join(root, 'packages/cli/dist/bin/container-builder.js');
	const queue = await startScriptQueue('cp "$DEFINITION" "$IMAGE"', { reserve: 2 });
	const { directory } = queue;
	const image = join(directory, 'app.sif');
	writeFileSync(join(directory, 'app.def'), 'Bootstrap: scratch\n');
	const phases = new Map();
	let builds = 0;
	const build = async () => {
		await queue.ready(++builds);
		rmSync(image, { force: true });
		const events = join(directory, 'events');
		const stdout = openSync(events, 'w');
		const words = [program, '--queue', queue.url, '--progress', 'json', image, 'app.def'];
		const took = await timed(process.execPath, words, { cwd: directory, stdout });
		closeSync(stdout);
		let last;
		for (const line of readFileSync(events, 'utf8').trim().split('\n')) {
			const { type, state, time } = JSON.parse(line);
			if (type !== 'state' && type !== 'build-end') continue;
			const now = Date.parse(time);
			if (last !== undefined) phases.set(last.state, [...(phases.get(last.state) ?? []), now - last.now]);
			last = { state, now };
		}
		return took;
	};
	try {
		const sides = await alternate(
			[
				{ name: 'node -e 0', run: () => timed(process.execPath, ['-e', '0']) },
				{ name: 'a trivial build', run: build },
			],
			rounds,
		);
		report({
			title: 'trivial',
			unit: 'ms',
			sides,
			reference: 'node -e 0',
			targets: [
				{ text: 'a trivial build <= 350 ms', isReached: (rows) => rows['a trivial build'].median <= 350 },
				{
					text: `a trivial build <= 1/5 of the original's ${ORIGINAL_MS} ms`,
					isReached: (rows) => rows['a trivial build'].median <= ORIGINAL_MS / 5,
				},
			],
			json,
		});
		report({
			title: 'of it, by the clock of the client',
			unit: 'ms',
			sides: Object.fromEntries(phases),
			reference: 'queued',
		});
	} finally {
		await queue.close();
	}
}
