import { definitionError } from '../definition/definition-error.js';
import { errorAt } from '../definition/problem.js';
import type { Recipe } from '../definition/recipe-types.js';
import type { AbortOptions, Architecture, Queue } from '../spec/index.js';

/**
 * Refuses a definition whose agent makes images of the machine's own architecture only, where the queue has no machine
 * of the architecture that was asked for: apptainer would go on and label the image wrongly. Asks the queue only then.
 */
export async function checkNative(
	fileName: string,
	{ nativeOnly }: Pick<Recipe, 'nativeOnly'>,
	architecture: Architecture | undefined,
	queue: Pick<Queue, 'status'>,
	options: AbortOptions,
): Promise<void> {
	if (nativeOnly === undefined || architecture === undefined) return;
	const { pools } = await queue.status(options);
	const native = new Set(pools.map((pool) => pool.architecture));
	if (native.has(architecture)) return;
	const { agent, position } = nativeOnly;
	const has = [...native].join(' and ') || 'none at all';
	throw definitionError(
		fileName,
		[
			errorAt(
				position,
				`${agent} makes images of the machine's own architecture only: for ${architecture} it needs a machine of ` +
					`${architecture}, and those of this queue are ${has}`,
			),
		],
		{ hint: 'Take an image as base (Bootstrap: docker), leave the architecture out, or name another queue.' },
	);
}
