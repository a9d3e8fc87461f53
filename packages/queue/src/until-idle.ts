import type { BuilderQueue } from '@olcf/container-builder-core';

/** Events after which somebody may wait or build who did not before, or the other way round. */
const CHANGES: ReadonlySet<string> = new Set([
	'checkout-start',
	'checkout-end',
	'lease-start',
	'lease-end',
	'builder-adopted',
]);

/** Resolves when nobody has waited for a builder of the queue, or had one, for so many milliseconds. */
export async function untilIdle(queue: BuilderQueue, idleMs: number): Promise<void> {
	await new Promise<void>((resolve) => {
		let timer: NodeJS.Timeout | undefined;
		const look = async (): Promise<void> => {
			const { builders, waiting, state } = await queue.status();
			clearTimeout(timer);
			const isBusy = waiting.length > 0 || builders.some((builder) => builder.state === 'leased');
			if (state === 'open' && !isBusy) timer = setTimeout(done, idleMs);
		};
		const onEvent = ({ type }: { readonly type: string }): void => {
			// What the event is of has not happened yet.
			if (CHANGES.has(type)) setImmediate(() => void look());
		};
		const done = (): void => {
			queue.off('event', onEvent);
			resolve();
		};
		queue.on('event', onEvent);
		void queue.ended.then(() => {
			clearTimeout(timer);
			queue.off('event', onEvent);
		});
		void look();
	});
}
