import type { Architecture } from '@olcf/container-builder-core';
import type { EventLog } from '../build/event-log.js';
import { enableEmulation } from './enable-emulation.js';
import { nativeArchitecture } from './native-architecture.js';

/**
 * Makes this machine run programs of the architecture that is built for, and tells that it is not its own. Rejects as
 * {@link enableEmulation} does.
 */
export async function emulate(architecture: Architecture, events: Pick<EventLog, 'append'>): Promise<void> {
	const native = nativeArchitecture();
	if (architecture === native) return;
	await enableEmulation(architecture);
	events.append({ type: 'emulation', architecture, native });
}
