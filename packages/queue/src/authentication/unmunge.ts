import { execFile } from 'node:child_process';

/** What munged says of a credential. */
export interface Unmunged {
	readonly uid: number;
	readonly payload: string;
}

/** munged does not vouch for a credential: why, in its own words. */
export class UnmungeError extends Error {
	/** Whether munged, or its program, is not there: nothing is said of the credential then. */
	readonly isAway: boolean;

	constructor(message: string, isAway: boolean) {
		super(message);
		this.isAway = isAway;
	}
}

const LIMIT_MS = 10_000;
/** EMUNGE_SNAFU to EMUNGE_TIMEOUT: everything that is no fault of the credential's, of munge(3). */
const NOT_ITS_FAULT: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7]);
const SAID: Readonly<Record<number, string>> = {
	15: 'it is over',
	16: 'it is from the future: clocks differ',
	17: 'it was used before',
	18: 'it is for somebody else',
};

/** Has munged decode a credential, which it does once (`unmunge(1)`). Rejects with {@link UnmungeError}. */
export function unmunge(credential: string, socket: string | undefined): Promise<Unmunged> {
	const words = ['--numeric', '--keys=UID', ...(socket === undefined ? [] : [`--socket=${socket}`])];
	return new Promise((resolve, reject) => {
		const child = execFile(
			'unmunge',
			words,
			{ timeout: LIMIT_MS, maxBuffer: 64 * 1024 },
			(error, stdout, stderr) => {
				if (error === null) {
					const [, uid, payload] = /^UID:\s+(\d+)\n\n([\s\S]*)$/.exec(stdout) ?? [];
					if (uid !== undefined && payload !== undefined) resolve({ uid: Number(uid), payload });
					else reject(new UnmungeError('unmunge says something unexpected', true));
					return;
				}
				const { code } = error;
				const status = typeof code === 'number' ? code : undefined;
				if (status === undefined || NOT_ITS_FAULT.has(status)) {
					const why = error.code === 'ENOENT' ? 'unmunge is not installed' : stderr.trim() || error.message;
					reject(new UnmungeError(why, true));
				} else reject(new UnmungeError(SAID[status] ?? 'it is none of this site', false));
			},
		);
		// Where it could not be started, the callback tells.
		child.stdin?.on('error', () => {});
		child.stdin?.end(credential);
	});
}
