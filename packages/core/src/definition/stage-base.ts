import type { DefinitionStage } from './definition-types.js';
import { parseImageReference } from './image-reference.js';
import type { RemoteBase } from './recipe-types.js';
import { registryReference } from './registry-reference.js';

/** What a stage of an Apptainer definition takes from a registry; undefined where it takes nothing from one. */
export function stageBase({ bootstrap, header }: DefinitionStage): RemoteBase | undefined {
	const from = header.get('from');
	if (from === undefined || (bootstrap !== 'docker' && bootstrap !== 'oras')) return undefined;
	const parsed = parseImageReference(registryReference(bootstrap, header));
	if (typeof parsed === 'string') return undefined;
	const { reference, registry } = parsed;
	return { transport: bootstrap, reference, registry, position: from.valuePosition };
}
