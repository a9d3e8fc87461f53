// What one decision of the line costs, by how many wait. Prints a table, asserts nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'tsup';
import { root } from '../../scripts/support/project.mjs';

const LENGTHS = [100, 1_000, 10_000, 100_000];
const CYCLES = 20_000;
const PRIORITIES = ['low', 'normal', 'high'];
const SITES = {
	'each entry another user': { userOf: (number) => `user-${number}`, limitOf: () => undefined },
	'10 users': { userOf: (number) => `user-${number % 10}`, limitOf: () => undefined },
	'9 of 10 users at their limit': {
		userOf: (number) => `user-${number}`,
		limitOf: (user) => (user.endsWith('7') ? undefined : 0),
	},
};

/** The line is no public part of core: bundled from the source. */
async function loadLine() {
	const outDir = await mkdtemp(join(tmpdir(), 'container-builder-bench-'));
	try {
		const queue = join(root, 'packages/core/src/queue');
		await build({
			config: false,
			entry: { line: join(queue, 'line/fair-line.ts'), share: join(queue, 'line/fair-share.ts') },
			format: 'esm',
			target: 'node20',
			platform: 'node',
			outDir,
			outExtension: () => ({ js: '.mjs' }),
			noExternal: [/.*/],
			silent: true,
		});
		const { FairLine } = await import(pathToFileURL(join(outDir, 'line.mjs')).href);
		const { FairShare } = await import(pathToFileURL(join(outDir, 'share.mjs')).href);
		return { FairLine, FairShare };
	} finally {
		await rm(outDir, { recursive: true, force: true });
	}
}

/** Microseconds for each of `count` calls. */
function time(count, call) {
	const began = performance.now();
	for (let index = 0; index < count; index++) call(index);
	return ((performance.now() - began) / count) * 1_000;
}

function measure({ FairLine, FairShare }, length, { userOf, limitOf }) {
	const line = new FairLine({
		share: new FairShare({ halfLifeMs: 6 * 3_600_000 }),
		patienceMs: 3_600_000,
		limitsOf: (user) => ({ running: limitOf(user) }),
		expectedMs: () => 600_000,
	});
	let now = 0;
	let number = 0;
	const entryOf = (user) => ({ user, priority: PRIORITIES[number++ % 3], since: now });
	const entries = Array.from({ length }, () => entryOf(userOf(number)));
	const joinUs = time(length, (index) => line.join(entries[index]));
	// One decision: whose turn it is, the grant, the end of the lease, and the user's next in line.
	const decisionUs = time(CYCLES, () => {
		now += 100;
		const next = line.next(now);
		const charged = line.granted(next.user, now);
		line.ended(next.user, 300_000, charged, now);
		line.join(entryOf(next.user));
	});
	const orderMs = time(3, () => line.order(now)) / 1_000;
	const left = line.entries;
	const leaveUs = time(Math.min(length, CYCLES), (index) => line.leave(left[(index * 7_919) % left.length]));
	return { joinUs, decisionUs, leaveUs, orderMs };
}

/** `npm run bench -- line` */
export async function run() {
	const classes = await loadLine();
	const columns = ['waiting', 'join µs', 'decision µs', 'leave µs', 'order ms'];
	const row = (cells) => process.stdout.write(`${cells.map((cell) => String(cell).padStart(12)).join('')}\n`);
	for (const [name, site] of Object.entries(SITES)) {
		measure(classes, 1_000, site);
		process.stdout.write(`\n${name}\n`);
		row(columns);
		for (const length of LENGTHS) {
			const { joinUs, decisionUs, leaveUs, orderMs } = measure(classes, length, site);
			row([length, ...[joinUs, decisionUs, leaveUs, orderMs].map((value) => value.toFixed(1))]);
		}
	}
}
