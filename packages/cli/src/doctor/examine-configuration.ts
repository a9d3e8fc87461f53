import type { UserConfiguration } from '../configuration/user-configuration.js';
import { containerBuilderCommand } from '../options/container-builder-options.js';
import type { OptionSpecification } from '../options/option-table.js';
import { briefDuration } from '../output/brief-duration.js';
import { formatSize } from '../output/format-size.js';
import type { QueueAddress } from '../queue-address.js';
import type { Finding } from './finding.js';

/** What is configured, and which queue that comes to. */
export function examineConfiguration(
	{ path, queues, options, local, problem }: UserConfiguration,
	chosen: QueueAddress | undefined,
): Finding {
	const name = 'configuration';
	if (problem !== undefined) {
		const { message, hint = 'Mend the file, or name another: --config FILE' } = problem;
		return {
			name,
			status: 'problem',
			detail: message,
			remedy: hint,
		};
	}
	const names = Object.keys(queues);
	const values = Object.entries({ ...options, ...local }).map(
		([option, value]) => `${option} ${shown(option, value)}`,
	);
	const detail = [
		path ?? 'no file',
		...(names.length === 0 ? [] : [`queues: ${names.join(', ')}`]),
		...(values.length === 0 ? [] : [`options: ${values.join(', ')}`]),
		chosen === undefined ? 'builds run on this machine' : `builds go to ${chosen.endpoint.url}`,
	].join('; ');
	return { name, status: 'ok', detail };
}

/** The value of an option as people write it. */
function shown(name: string, value: unknown): string {
	const options: readonly OptionSpecification[] = containerBuilderCommand.options;
	const type = options.find((option) => option.name === name)?.type;
	if (type === 'duration') return briefDuration(Number(value));
	return type === 'size' ? formatSize(Number(value)) : String(value);
}
