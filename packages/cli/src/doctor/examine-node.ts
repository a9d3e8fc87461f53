import type { Finding } from './finding.js';

const OLDEST = [20, 19] as const;

/** Whether this Node is new enough. */
export function examineNode(found: string = process.versions.node): Finding {
	const [major = 0, minor = 0] = found.split('.').map(Number);
	const ok = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
	const name = 'node';
	return ok
		? { name, status: 'ok', detail: found }
		: {
				name,
				status: 'problem',
				detail: `${found} is too old`,
				remedy: `Install Node ${OLDEST.join('.')} or later.`,
			};
}
