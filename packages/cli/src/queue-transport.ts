import type { Transport } from '@olcf/container-builder-core/spec';
import type { QueueAddress } from './queue-address.js';
import { ws } from './ws.js';

/** How a queue elsewhere and its builders are reached. */
export function queueTransport({ ca }: Pick<QueueAddress, 'ca'>): Transport {
	return ws({ proxy: 'environment', ca });
}
