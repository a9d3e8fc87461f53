import type { BuilderQueue, Lease, UserQueue } from '@olcf/container-builder-core';
import type { Handlers, queueMethods, Result } from '@olcf/container-builder-core/protocol';
import type { Audit } from './audit.js';

type QueueMethods = typeof queueMethods;

/** What a client's handlers need to know of its connection. */
export interface ClientSurroundings {
	/** Whether it has ended. */
	readonly gone: () => boolean;
	readonly audit: Audit;
	/** Whether the queue has to carry this client's connections to a builder that can be reached from there. */
	readonly relays: (reach: 'host' | 'network') => boolean;
}

/** What one client may ask of the queue. */
export function queueHandlers(
	queue: ReturnType<BuilderQueue['forUser']>,
	{ gone, audit, relays }: ClientSurroundings,
): Handlers<QueueMethods> {
	const wireLease = (lease: Lease) => leaseForWire(lease, relays(lease.reach ?? 'network'));
	return {
		checkout: (request, { signal, emit }) => {
			const { buildId, pool, architecture, priority } = request;
			return audit('checkout', { buildId, pool, architecture, priority }, async () => {
				const checkout = queue.checkout(request, { signal });
				try {
					for await (const event of checkout) if (event.type === 'place') await emit(event);
					const { lease } = await checkout.granted;
					// Taken back while it was granted. A client that is gone may come back, and has `idleMs` for it.
					if (signal.aborted && !gone()) await lease.release({ status: 'canceled' });
					return wireLease(lease);
				} finally {
					await checkout.close();
				}
			});
		},
		find: async ({ buildId }, { signal }) => {
			const build = await queue.find(buildId, { signal });
			return build === undefined ? {} : { build };
		},
		list: async (filter, { signal, emit }) => {
			for await (const build of queue.list(filter, { signal })) await emit(build);
			return {};
		},
		resume: ({ buildId }, { signal }) =>
			audit('resume', { buildId }, async () => wireLease(await queue.resume(buildId, { signal }))),
		cancel: ({ buildId, reason }, { signal }) =>
			audit('cancel', { buildId, reason }, async () => {
				await queue.cancel(buildId, { reason, signal });
				return {};
			}),
		status: async (_params, { signal }) => wireStatus(await queue.status({ signal })),
		watch: async ({ after }, { signal, emit }) => {
			const options = after === undefined ? { signal } : { after, signal };
			for await (const event of queue.watch(options)) await emit(event);
			return {};
		},
		images: async (_params, { signal }) => {
			const images = await queue.images({ signal });
			return { images: images.map(({ repository, tags }) => ({ repository, tags: [...tags] })) };
		},
		'provenance-key': (_params, { signal }) => queue.provenanceKey({ signal }),
		'lease-attest': ({ leaseId }, { signal }) =>
			audit('attest', { leaseId }, () => queue.lease(leaseId).attest({ signal })),
		'lease-renew': ({ leaseId }, { signal }) => queue.lease(leaseId).renew({ signal }),
		'lease-replace': async ({ leaseId, reason }, { signal }) =>
			wireLease(await queue.lease(leaseId).replace(reason, { signal })),
		'lease-detach': async ({ leaseId, keepMs }, { signal }) => {
			await queue.lease(leaseId).detach({ keepMs, signal });
			return {};
		},
		'lease-release': async ({ leaseId, outcome }, { signal }) => {
			await queue.lease(leaseId).release(outcome, { signal });
			return {};
		},
	};
}

function leaseForWire(lease: Lease, relay: boolean): Result<QueueMethods, 'resume'> {
	const { id, buildId, builderId, endpoint, token, builder, deadlineMs, idleMs } = lease;
	return {
		id,
		buildId,
		builderId,
		endpoint,
		token,
		...(relay ? { relay } : {}),
		builder: {
			...builder,
			architectures: [...builder.architectures],
			backends: builder.backends.map((backend) => ({ ...backend })),
		},
		deadlineMs,
		idleMs,
	};
}

function wireStatus(status: Awaited<ReturnType<UserQueue['status']>>): Result<QueueMethods, 'status'> {
	return {
		...status,
		pools: [...status.pools],
		builders: [...status.builders],
		waiting: [...status.waiting],
	};
}
