// Packs every package and looks at what a user would get: publint, attw, no third-party type in a declaration, and
// a TypeScript and a plain JavaScript project that install the tarballs into an empty folder and use them.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { buildPackages, prepareBuilderImage, root } from './support/project.mjs';
import { capture } from './support/run.mjs';
import { main, say } from './support/say.mjs';
import { countLine } from './support/tally.mjs';

/** Libraries whose types must not become ours. */
const FOREIGN =
	/from '(?:got|ws|p-queue|execa|zod|node-fetch|tar-stream|typed-emitter|pino|commander|ora|yaml|lmdb|selfsigned)(?:\/[^']*)?'|import\("(?:got|ws|p-queue|execa|node-fetch|typed-emitter)"\)/;
/**
 * Declarations that are made of schemas: the protocol is for implementers, who use zod with it; the queue's records are
 * reached from the queue's class but exported nowhere.
 */
const MAY_SHOW_ZOD = new Set([
	'core/dist/protocol',
	'core/dist/rpc',
	'core/dist/queue/records',
	'queue/dist/configuration',
]);

const counts = { passed: 0, failed: 0, skipped: 0 };
const directory = mkdtempSync(join(tmpdir(), 'pack-'));

async function check(name, body) {
	try {
		await body();
		counts.passed++;
		say(`ok: ${name}`);
	} catch (error) {
		counts.failed++;
		say(`FAILED: ${name}\n${error.message}`);
	}
}

async function must(command, args, options) {
	const { status, stdout, stderr } = await capture(command, args, options);
	if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
	return stdout;
}

/** The declarations that a package's entries lead to: what its users' compilers read. */
function publicDeclarations(folder) {
	const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	const found = new Set();
	const follow = (path) => {
		if (found.has(path)) return;
		found.add(path);
		for (const [, source] of readFileSync(path, 'utf8').matchAll(
			/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g,
		)) {
			follow(join(dirname(path), `${source}.d.ts`));
		}
	};
	for (const target of Object.values(exports)) if (target.types) follow(join(folder, target.types));
	return [...found];
}

await main(async () => {
	try {
		await buildPackages();
		const names = readdirSync(join(root, 'packages'));
		const tarballs = [];
		for (const name of names) {
			const folder = join(root, 'packages', name);
			const [packed] = JSON.parse(
				await must('npm', ['pack', '--json', '--pack-destination', directory, '--loglevel=error'], {
					cwd: folder,
				}),
			);
			tarballs.push(join(directory, packed.filename));
			await check(`publint ${name}`, async () => {
				const { messages } = await publint({ pkgDir: folder, strict: true, pack: 'npm' });
				const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
				if (messages.length > 0)
					throw new Error(messages.map((message) => formatMessage(message, manifest)).join('\n'));
			});
			await check(`attw ${name}`, () =>
				must(join(root, 'node_modules/.bin/attw'), [
					join(directory, packed.filename),
					'--profile',
					'esm-only',
				]),
			);
			await check(`declarations of ${name} show no third-party type`, async () => {
				const shown = publicDeclarations(folder).filter((path) => {
					if ([...MAY_SHOW_ZOD].some((part) => path.includes(part))) return false;
					return FOREIGN.test(readFileSync(path, 'utf8'));
				});
				if (shown.length > 0) throw new Error(shown.join('\n'));
			});
		}

		const consumer = join(directory, 'consumer');
		mkdirSync(consumer);
		cpSync(join(root, 'test', 'consumer'), consumer, { recursive: true });
		cpSync(join(root, 'examples/recipes/hello.def'), join(consumer, 'hello.def'));
		writeFileSync(
			join(consumer, 'package.json'),
			JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
		);
		await check('the tarballs install into an empty folder', () =>
			must(
				'npm',
				[
					'install',
					'--ignore-scripts',
					'--no-audit',
					'--no-fund',
					'--loglevel=error',
					...tarballs,
					'@types/node@20',
				],
				{ cwd: consumer },
			),
		);
		await check('a TypeScript project type-checks against them with skipLibCheck: false', () =>
			must(join(root, 'node_modules/.bin/tsc'), ['-p', consumer]),
		);
		const installed = (name) => join(consumer, 'node_modules/.bin', name);
		await check('the installed commands tell their version', async () => {
			const { bin } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
			for (const name of Object.keys(bin)) {
				const said = await must(installed(name), ['--version']);
				if (!/^\d+\.\d+\.\d+$/.test(said.trim())) throw new Error(`${name} said ${said}`);
			}
		});
		await prepareBuilderImage(installed('cb-image'));
		await check('the installed command builds an image', () =>
			must(installed('container-builder'), ['--provenance', 'by-command.sif', 'hello.def'], {
				cwd: consumer,
			}),
		);
		await check('the installed cb-verify knows where it comes from', () =>
			must(installed('cb-verify'), ['--definition', 'hello.def', 'by-command.sif'], { cwd: consumer }),
		);
		await check('the units for systemd are there', () =>
			must('ls', [join(consumer, 'node_modules/@olcf/container-builder/systemd/cb-queue@.service')]),
		);
		await check('a plain JavaScript project builds by the SDK', () =>
			must(process.execPath, ['plain.mjs'], { cwd: consumer }),
		);
		const script =
			"const t = performance.now(); await import('@olcf/container-builder'); console.log(performance.now() - t);";
		const times = [];
		for (let round = 0; round < 5; round++) {
			times.push(
				Number(await must(process.execPath, ['--input-type=module', '-e', script], { cwd: consumer })),
			);
		}
		say(
			`import of @olcf/container-builder: ${times.map((time) => time.toFixed(0)).join(', ')} ms (goal: under 150)`,
		);
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
	process.stdout.write(`${countLine(counts)}\n`);
	process.exitCode = counts.failed > 0 ? 1 : 0;
});
