import type { AbortOptions } from '@olcf/container-builder-core/spec';
import type { UserConfiguration } from '../configuration/user-configuration.js';
import { type QueueAddressOptions, queueAddress } from '../queue-address.js';
import { examineBuilderImage } from './examine-builder-image.js';
import { examineConfiguration } from './examine-configuration.js';
import { examineDisk } from './examine-disk.js';
import { examineNode } from './examine-node.js';
import { examineQueue } from './examine-queue.js';
import { examineSandboxes } from './examine-sandboxes.js';
import { asWarning, type Finding } from './finding.js';

/** What is looked at. */
export interface ExamineOptions extends AbortOptions {
	readonly queue: QueueAddressOptions;
	readonly environment: NodeJS.ProcessEnv;
	readonly configuration: UserConfiguration;
}

/** Looks at everything. With a queue elsewhere, what only builds on this machine need is no more than a warning. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
	const { environment, configuration } = options;
	const queue = queueAddress(options.queue, environment, configuration);
	const here = [
		...(await examineSandboxes(options)),
		...(await examineBuilderImage(options)),
		await examineDisk(),
	];
	return [
		examineNode(),
		examineConfiguration(configuration, queue),
		...(queue === undefined ? here : [await examineQueue(queue, options), ...here.map(asWarning)]),
	];
}
