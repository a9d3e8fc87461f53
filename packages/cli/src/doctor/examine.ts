import type { AbortOptions } from '@olcf/container-builder-core/spec';
import type { QueueAddress } from '../queue-address.js';
import { examineBuilderImage } from './examine-builder-image.js';
import { examineDisk } from './examine-disk.js';
import { examineNode } from './examine-node.js';
import { examineQueue } from './examine-queue.js';
import { examineSandboxes } from './examine-sandboxes.js';
import { asWarning, type Finding } from './finding.js';

/** Looks at everything. With a queue elsewhere, what only builds on this machine need is no more than a warning. */
export async function examine(queue: QueueAddress | undefined, options: AbortOptions): Promise<Finding[]> {
	const here = [
		...(await examineSandboxes(options)),
		...(await examineBuilderImage(options)),
		await examineDisk(),
	];
	return [
		examineNode(),
		...(queue === undefined ? here : [await examineQueue(queue, options), ...here.map(asWarning)]),
	];
}
