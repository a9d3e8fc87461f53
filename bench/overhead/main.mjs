// A real recipe, built bare by apptainer in the builder's own sandbox, and through the whole system. Asserts nothing.
import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareBuilderImage, root } from '../../scripts/support/project.mjs';
import { UsageError } from '../../scripts/support/say.mjs';
import { alternate } from '../support/alternate.mjs';
import { readRounds } from '../support/read-rounds.mjs';
import { report } from '../support/report.mjs';
import { startQueueProcess } from '../support/start-queue-process.mjs';
import { timed } from '../support/timed.mjs';
import { daemons } from './daemons.mjs';

/** What the system compresses images by, so that both sides do the same work. */
const ZSTD = '--mksquashfs-args=-comp zstd -Xcompression-level 3';

export async function run(args) {
	const { rounds, isShort, json } = readRounds(args, { rounds: 5, short: 1 });
	if (process.getuid() !== 0) throw new UsageError('this bench enters sandboxes, which only root can');
	await prepareBuilderImage();
	const name = isShort ? 'hello' : 'debootstrap';
	const definition = join(root, `examples/recipes/${name}.def`);
	const recipeOptions = isShort ? [] : ['--build-arg', `MIRROR=${mirror()}`];
	const directory = await mkdtemp(join(tmpdir(), 'cb-bench-'));
	const others = new Set(daemons());
	const queue = await startQueueProcess(join(import.meta.dirname, 'local-queue-worker.mjs'), {
		directory,
		reserve: 1,
	});
	const program = join(root, 'packages/cli/dist/bin/container-builder.js');
	const words = ['--queue', queue.url, '--force', ...recipeOptions, join(directory, 'app.sif'), definition];
	let builds = 0;
	const [bare, whole] = ['apptainer build in the sandbox', 'container-builder'];
	try {
		const sides = await alternate(
			[
				{
					name: bare,
					run: async () => {
						await queue.ready(builds + 1);
						const [pid] = daemons().filter((one) => !others.has(one));
						const options = [pid, ZSTD, ...recipeOptions];
						return await timed(join(import.meta.dirname, 'bare-build.sh'), options, {
							input: openSync(definition, 'r'),
						});
					},
				},
				{
					name: whole,
					run: async () => {
						await queue.ready(++builds);
						return await timed(process.execPath, [program, ...words], { cwd: directory });
					},
				},
			],
			rounds,
		);
		report({
			title: `${name}.def`,
			unit: 'ms',
			sides,
			reference: bare,
			targets: [
				{
					text: `<= 1.05 x ${bare}`,
					isReached: (rows) => rows[whole].median <= 1.05 * rows[bare].median,
				},
			],
			json,
		});
	} finally {
		await queue.close();
	}
}

/** The mirror that this machine's apt uses. */
function mirror() {
	const words = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'];
	const lines = execFileSync('apt-get', words, { encoding: 'utf8' }).split('\n');
	const found = lines.find((line) => line !== '' && !line.includes('security'));
	if (found === undefined) throw new UsageError('apt on this machine has no mirror');
	return found.replace(/\/+$/, '');
}
