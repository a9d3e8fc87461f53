import { execFile } from 'node:child_process';
import { type QueueCredentials, throwIfAborted } from '@olcf/container-builder-core';

/** Options of {@link mungeCredentials}. */
export interface MungeCredentialsOptions {
	/** Of munged. @default munge's own */
	readonly socket?: string | undefined;
}

const LIMIT_MS = 10_000;

/**
 * Who one is, for queues of a site that has MUNGE: the account that this process runs as. Answers a queue that asks for
 * it with the program `munge`; has nothing where that is not installed, or munged does not run.
 */
export function mungeCredentials({ socket }: MungeCredentialsOptions = {}): QueueCredentials {
	return async (challenge, { signal }) => {
		throwIfAborted(signal);
		const [, nonce] = /^munge (\S+)$/.exec(challenge?.text ?? '') ?? [];
		if (challenge === undefined || nonce === undefined) return undefined;
		const { peerFingerprint: fingerprint } = challenge;
		return await munge(JSON.stringify({ for: 'container-builder', nonce, fingerprint }), socket, signal);
	};
}

function munge(
	payload: string,
	socket: string | undefined,
	signal: AbortSignal | undefined,
): Promise<string | undefined> {
	const words = socket === undefined ? [] : [`--socket=${socket}`];
	return new Promise((resolve) => {
		const child = execFile('munge', words, { timeout: LIMIT_MS, signal }, (error, stdout) =>
			resolve(error === null ? stdout.trim() : undefined),
		);
		// Where it could not be started, the callback tells.
		child.stdin?.on('error', () => {});
		child.stdin?.end(payload);
	});
}
