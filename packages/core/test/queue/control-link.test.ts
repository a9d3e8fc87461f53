import { ContainerBuilderError, systemClock } from '@olcf/container-builder-core';
import { expect, it } from 'vitest';
import { ControlLink } from '../../src/queue/pool/control-link.js';
import type { BuilderDialer } from '../../src/queue/pool/dial-builder.js';

it('calls of a daemon that was given up reject, whether a connection stood or not', async () => {
	const lost = new ContainerBuilderError('connection-lost', 'a cable was pulled');
	const rpc = {
		closed: new Promise(() => {}),
		close: async () => {},
		call: async () => {
			throw lost;
		},
	};
	const dialer = { dial: async () => ({ rpc, info: {} }) } as unknown as BuilderDialer;
	const make = (): ControlLink =>
		new ControlLink({
			dialer,
			clock: systemClock,
			probeMs: 60_000,
			redialGraceMs: 60_000,
			confirmMachine: async () => {},
			onReport: () => {},
			onLost: () => {},
		});
	const reason = new ContainerBuilderError('builder-lost', 'given up');
	const never = make();
	never.close(reason);
	await expect(never.call('probe', {})).rejects.toBe(reason);
	const stood = make();
	await stood.open({ url: 'memory:x' }, new AbortController().signal, () => {});
	stood.close(reason);
	await expect(stood.call('probe', {})).rejects.toBe(reason);
});
