// How long a command takes that has nothing to wait for. Prints a table, asserts nothing.
import { join } from 'node:path';
import { root } from '../../scripts/support/project.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startScriptQueue } from '../support/start-script-queue.mjs';
import { timed } from '../support/timed.mjs';

export async function run(args) {
	const { rounds, json } = readRounds(args, { rounds: 30, short: 3 });
	const command = (name) => join(root, 'packages/cli/dist/bin', `${name}.js`);
	const node = (...words) => timed(process.execPath, words);
	const queue = await startScriptQueue('true');
	try {
		const sides = await alternate(
			[
				{ name: 'node -e 0', run: () => node('-e', '0') },
				{ name: 'container-builder --help', run: () => node(command('container-builder'), '--help') },
				{ name: 'cb-status', run: () => node(command('cb-status'), '--queue', queue.url) },
			],
			rounds,
		);
		report({
			title: 'start',
			unit: 'ms',
			sides,
			reference: 'node -e 0',
			targets: [
				{
					text: '--help <= 2 x node -e 0',
					isReached: (rows, base) => rows['container-builder --help'].median <= 2 * base,
				},
				{
					text: 'cb-status <= 3 x node -e 0',
					isReached: (rows, base) => rows['cb-status'].median <= 3 * base,
				},
			],
			json,
		});
	} finally {
		await queue.close();
	}
}
