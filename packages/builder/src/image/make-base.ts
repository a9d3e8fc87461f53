import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { execa } from 'execa';
import { pack } from 'tar-stream';
import { installedPackages, updateFailure } from './apt-output.js';
import type { ImageLock } from './image-lock.js';
import { mmdebstrapArguments } from './mmdebstrap-arguments.js';
import type { Resolution } from './package-resolver.js';
import type { Recipe } from './recipe.js';

/** The archive of a base, as it was written. */
export interface BaseArchive {
	readonly size: number;
	readonly sha256: string;
	readonly packages: Readonly<Record<string, string>>;
}

interface MakeBaseOptions {
	readonly mode: 'root' | 'unshare';
	readonly recipe: Recipe;
	readonly resolution: Resolution;
	readonly apptainerDeb: string | undefined;
	readonly proxies: readonly string[];
	/** For what lies about meanwhile; the caller's to remove. */
	readonly workDirectory: string;
	readonly archive: string;
	/** Told of mmdebstrap while it runs. */
	readonly guard: ImageLock['guard'];
	readonly onOutput: ((chunk: Uint8Array) => void) | undefined;
	readonly signal: AbortSignal | undefined;
}

/**
 * As root, mmdebstrap mounts in its tree, and leaves the mounts when it is stopped at the wrong moment: it gets
 * namespaces that end with it. In unshare mode it makes such by itself, and a tree that only it can remove.
 */
const CONFINEMENT = {
	root: ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
	unshare: [],
} as const;

/** How long mmdebstrap may take to clean up after itself when it was told to stop. */
const GRACE_MS = 10_000;

/** Runs mmdebstrap and writes its tree as an archive. */
export async function makeBase(options: MakeBaseOptions): Promise<BaseArchive> {
	const { signal, archive, workDirectory } = options;
	throwIfAborted(signal);
	const status = join(workDirectory, 'status');
	const command = [
		...CONFINEMENT[options.mode],
		'mmdebstrap',
		...mmdebstrapArguments({ ...options, status }),
	];
	const mmdebstrap = execa('env', command, {
		// In a process group of its own, so that all of it can be stopped and a Ctrl-C is for this process only.
		detached: true,
		reject: false,
		buffer: false,
		stdin: 'ignore',
		env: {
			LC_ALL: 'C.UTF-8',
			// In unshare mode the tree is made by other user ids, to whom the cache is closed.
			...(options.mode === 'root' ? { TMPDIR: workDirectory } : {}),
		},
	});
	if (mmdebstrap.pid !== undefined) {
		const ending = options.mode === 'root' ? 'KILL' : 'TERM';
		options.guard({ processGroup: mmdebstrap.pid, signal: ending });
	}
	const zstd = execa('zstd', ['-3', '-T0', '--quiet', '--stdout'], { reject: false, buffer: false });
	const tail = lastBytes();
	mmdebstrap.stderr.on('data', (chunk: Buffer) => {
		tail.add(chunk);
		options.onOutput?.(chunk);
	});
	let timer: NodeJS.Timeout | undefined;
	const stop = (): void => {
		const { pid, exitCode, signalCode } = mmdebstrap;
		if (pid === undefined || exitCode !== null || signalCode !== null) return;
		if (options.mode === 'root') killChildren(pid);
		else killGroup(pid, 'SIGTERM');
		timer = setTimeout(() => killGroup(pid, 'SIGKILL'), GRACE_MS);
	};
	signal?.addEventListener('abort', stop, { once: true });
	try {
		const digest = createHash('sha256');
		const hashing = new Transform({
			transform(chunk: Buffer, _encoding, done) {
				digest.update(chunk);
				done(null, chunk);
			},
		});
		const moves = await Promise.allSettled([
			pipeline(withEmptyDev(mmdebstrap.stdout), zstd.stdin),
			pipeline(zstd.stdout, hashing, createWriteStream(archive)),
		]);
		const writing = moves[1];
		if (writing.status === 'rejected') stop();
		const [result, compression] = await Promise.all([mmdebstrap, zstd]);
		throwIfAborted(signal);
		if (result.failed && writing.status === 'fulfilled') throw mmdebstrapError(result.exitCode, tail.text());
		if (writing.status === 'rejected') throw archiveError(archive, writing.reason);
		if (compression.failed || moves[0].status === 'rejected') throw archiveError(archive, 'zstd failed');
		return {
			size: (await stat(archive)).size,
			sha256: digest.digest('hex'),
			packages: installedPackages(await readFile(status, 'utf8')),
		};
	} finally {
		options.guard(undefined);
		clearTimeout(timer);
		signal?.removeEventListener('abort', stop);
	}
}

/** Ends the first process of the namespaces, and so all in them; their parent waits until they are gone. */
function killChildren(pid: number): void {
	try {
		const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
		for (const child of children.split(' ').filter(Boolean)) process.kill(Number(child), 'SIGKILL');
	} catch {
		// Gone meanwhile, or a kernel that does not list them.
		killGroup(pid, 'SIGKILL');
	}
}

function killGroup(group: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-group, signal);
	} catch {
		// Ended by itself meanwhile.
	}
}

/** An archive of mmdebstrap without devices lacks the directory `dev` as well: it is put in front. */
async function* withEmptyDev(tar: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
	const header = pack();
	// Not finalized: what follows ends the archive.
	header.entry({ name: './dev/', type: 'directory', mode: 0o755, uid: 0, gid: 0 });
	for await (const block of header as AsyncIterable<Uint8Array>) {
		yield block;
		break;
	}
	yield* tar;
}

function mmdebstrapError(exitCode: number | undefined, output: string): ContainerBuilderError {
	const failure = updateFailure(output);
	const line = 'line' in failure ? failure.line : output.trim().split('\n').at(-1);
	return new ContainerBuilderError('builder-image', `mmdebstrap failed (${exitCode ?? 'killed'}): ${line}`, {
		hint:
			failure.reason === 'unreachable'
				? 'The mirror went out of reach while packages were fetched: try again, or name another with --mirror URL.'
				: 'Its last lines say why; the whole output is shown with --debug.',
		details: { output },
	});
}

function archiveError(archive: string, cause: unknown): ContainerBuilderError {
	const reason = cause instanceof Error ? cause.message : String(cause);
	return new ContainerBuilderError('builder-image', `${archive} cannot be written: ${reason}`, {
		cause,
		hint: 'A builder image needs about 1.5 GB of free space while it is made.',
	});
}

function lastBytes(limit = 4000): { add(chunk: Buffer): void; text(): string } {
	let kept = Buffer.alloc(0);
	return {
		add: (chunk) => {
			kept = Buffer.concat([kept, chunk]).subarray(-limit);
		},
		text: () => kept.toString('utf8'),
	};
}
