import { type AbortOptions, ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { UserConfiguration } from '../configuration/user-configuration.js';
import { type QueueAddress, type QueueAddressOptions, queueAddress } from '../queue-address.js';
import { examineBuilderImage } from './examine-builder-image.js';
import { examineConfiguration } from './examine-configuration.js';
import { examineDisk } from './examine-disk.js';
import { examineNode } from './examine-node.js';
import { examineQueue } from './examine-queue.js';
import { examineSandboxes } from './examine-sandboxes.js';
import { examineVirtualMachines } from './examine-virtual-machines.js';
import { asWarning, type Finding } from './finding.js';

/** What is looked at. */
export interface ExamineOptions extends AbortOptions {
	readonly queue: QueueAddressOptions;
	readonly environment: NodeJS.ProcessEnv;
	readonly configuration: UserConfiguration;
}

/** Looks at everything. With a queue elsewhere, what only builds on this machine need is no more than a warning. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
	const { queue, configuration } = addressFor(options);
	const here = [
		...(await examineSandboxes(options)),
		...(await examineBuilderImage(options)),
		...(await examineVirtualMachines(options)),
		await examineDisk(),
	];
	return [
		examineNode(),
		examineConfiguration(configuration, queue),
		...(queue === undefined ? here : [await examineQueue(queue, options), ...here.map(asWarning)]),
	];
}

/** The queue; where the configuration is what keeps one from it, that is a finding and not the end. */
function addressFor({ queue, environment, configuration }: ExamineOptions): {
	readonly queue: QueueAddress | undefined;
	readonly configuration: UserConfiguration;
} {
	try {
		return { queue: queueAddress(queue, environment, configuration), configuration };
	} catch (caught) {
		const problem = ContainerBuilderError.from(caught);
		if (problem.code !== 'invalid-configuration') throw caught;
		return { queue: undefined, configuration: { ...configuration, problem } };
	}
}
