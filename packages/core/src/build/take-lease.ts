import { abortable } from '../concurrency/abortable.js';
import type { Checkout, CheckoutRequest, Lease, Queue } from '../spec/index.js';
import type { BuildSession } from './build-session.js';

/** Waits in line for a builder, publishing the places. Leaves the line when the signal aborts. */
export async function takeLease(
	session: BuildSession,
	queue: Queue,
	request: CheckoutRequest,
	signal: AbortSignal,
): Promise<Lease> {
	const checkout = queue.checkout(request);
	void tellPlaces(session, checkout);
	try {
		const { lease } = await abortable(checkout.granted, signal);
		return lease;
	} catch (error) {
		await checkout.close().catch(() => {});
		// A grant that came in the same moment is not lost.
		checkout.granted.then(
			({ lease }) => lease.release({ status: 'canceled' }).catch(() => {}),
			() => {},
		);
		throw error;
	}
}

async function tellPlaces(session: BuildSession, checkout: Checkout): Promise<void> {
	try {
		for await (const event of checkout) {
			if (event.type !== 'place') return;
			const { type: _, ...place } = event;
			if (session.state === 'queued') session.publish({ type: 'queue-place', ...place });
		}
	} catch {
		// `granted` rejects with the same.
	}
}
