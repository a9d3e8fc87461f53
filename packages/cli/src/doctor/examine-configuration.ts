import type { UserConfiguration } from '../configuration/user-configuration.js';
import type { QueueAddress } from '../queue-address.js';
import type { Finding } from './finding.js';

/** What is configured, and which queue that comes to. */
export function examineConfiguration(
	{ path, queues, options, local, problem }: UserConfiguration,
	chosen: QueueAddress | undefined,
): Finding {
	const name = 'configuration';
	if (problem !== undefined) {
		const { message } = problem;
		return {
			name,
			status: 'problem',
			detail: message,
			remedy: 'Mend the file, or name another: --config FILE',
		};
	}
	const names = Object.keys(queues);
	const values = Object.entries({ ...options, ...local }).map(([option, value]) => `${option} ${value}`);
	const detail = [
		path ?? 'no file',
		...(names.length === 0 ? [] : [`queues: ${names.join(', ')}`]),
		...(values.length === 0 ? [] : [`options: ${values.join(', ')}`]),
		chosen === undefined ? 'builds run on this machine' : `builds go to ${chosen.endpoint.url}`,
	].join('; ');
	return { name, status: 'ok', detail };
}
