import { abortable, ContainerBuilderError } from '@olcf/container-builder-core';
import { execa } from 'execa';

/** A process group, and the signal that ends it. */
interface GuardedWork {
	readonly processGroup: number;
	readonly signal: 'TERM' | 'KILL';
}

/** A lock that is held. */
export interface ImageLock extends AsyncDisposable {
	/** Names what is to be stopped if this process dies while it holds the lock; undefined: nothing any more. */
	guard(work: GuardedWork | undefined): void;
	/** Idempotent. */
	release(): Promise<void>;
}

/** The exit status that `flock` is told to use where somebody else holds the lock. */
const CONFLICT = 75;
/**
 * Holds the lock for as long as its standard input is open: a killed process lets go of it as well, and the last
 * process group that it named does not outlive it.
 */
const HOLDER = `echo held
group=
while read -r next_signal next_group; do signal=$next_signal group=$next_group; done
test -z "$group" || kill -s "$signal" -- "-$group"`;

/**
 * Waits for the lock on `file`, which stays where it is. `onWait` is called once where somebody else holds it.
 */
export async function imageLock(
	file: string,
	options: { readonly signal?: AbortSignal | undefined; readonly onWait?: (() => void) | undefined } = {},
): Promise<ImageLock> {
	const lock = await attempt(file, ['--nonblock'], options.signal);
	if (lock !== undefined) return lock;
	options.onWait?.();
	const waited = await attempt(file, [], options.signal);
	if (waited === undefined) throw new ContainerBuilderError('builder-image', `${file} cannot be locked`);
	return waited;
}

async function attempt(
	file: string,
	flags: readonly string[],
	signal: AbortSignal | undefined,
): Promise<ImageLock | undefined> {
	const holder = execa(
		'flock',
		[...flags, '--conflict-exit-code', String(CONFLICT), file, 'sh', '-c', HOLDER],
		{
			// A Ctrl-C is for this process only, which lets go of the lock when it has cleaned up.
			detached: true,
			stdin: 'pipe',
			reject: false,
		},
	);
	// A holder that was killed from outside is noticed by its end, not by a write.
	holder.stdin.on('error', () => {});
	const guard = (work: GuardedWork | undefined): void => {
		holder.stdin.write(work === undefined ? '\n' : `${work.signal} ${work.processGroup}\n`);
	};
	const release = async (): Promise<void> => {
		holder.stdin.end();
		await holder;
	};
	const held = new Promise<boolean>((resolve) => {
		holder.stdout.once('data', () => resolve(true));
		holder.then(
			() => resolve(false),
			() => resolve(false),
		);
	});
	try {
		if (await abortable(held, signal)) return { guard, release, [Symbol.asyncDispose]: release };
	} catch (error) {
		// A waiting flock has not started the holder yet and does not read.
		holder.kill();
		await release();
		throw error;
	}
	const { exitCode, stderr } = await holder;
	if (exitCode === CONFLICT) return undefined;
	throw new ContainerBuilderError('builder-image', `${file} cannot be locked: ${stderr}`);
}
