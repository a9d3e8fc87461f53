import { ContainerBuilderError, type Lease } from '@olcf/container-builder-core';
import type { QueueLife } from '../queue-lives.js';
import type { DaySite } from './day-site.js';
import type { DayVisit } from './day-visits.js';
import type { DayWatch } from './day-watch.js';
import { MINUTE } from './time.js';

/** A lease as a client has it: with the process of the queue that it got it from. */
interface Held {
	readonly lease: Lease;
	readonly life: QueueLife;
}

/** What a client does from its coming to its end: waits, builds, comes back after each restart of the queue. */
export async function attend(visit: DayVisit, site: DaySite, watch: DayWatch): Promise<void> {
	await site.pass(visit.atMs);
	if (visit.cancelsAfterMs !== undefined) void cancelLater(visit, site, watch, visit.cancelsAfterMs);
	let held = await waitInLine(visit, site, watch, {
		leavesAt: site.clock.now() + (visit.leavesAfterMs ?? Infinity),
	});
	while (held !== undefined && (await build(visit, site, watch, held)) === 'lost') {
		held = visit.replaces ? await replaced(visit, site, watch, held) : undefined;
	}
	watch.left(visit);
}

async function waitInLine(
	visit: DayVisit,
	site: DaySite,
	watch: DayWatch,
	{ leavesAt }: { readonly leavesAt: number },
): Promise<Held | undefined> {
	const { buildId, user, pool, priority } = visit;
	try {
		const held = await site.withQueue(user, async (queue, life) => {
			const checkout = queue.checkout({ buildId, pool, priority });
			const leave = (): void => {
				watch.leaves(visit);
				void checkout.close();
			};
			const stay = leavesAt === Infinity ? () => {} : site.clock.schedule(leave, leavesAt - site.clock.now());
			try {
				return { lease: (await checkout.granted).lease, life };
			} finally {
				stay();
			}
		});
		watch.answered(visit, held.lease);
		return held;
	} catch (error) {
		watch.refused(visit, ContainerBuilderError.from(error));
		return undefined;
	}
}

/** Builds, with signs of life in between. */
async function build(
	visit: DayVisit,
	site: DaySite,
	watch: DayWatch,
	granted: Held,
): Promise<'over' | 'lost'> {
	const { clock } = site;
	const { buildId, user, buildMs, vanishesAfterMs = Infinity } = visit;
	const doneAt = clock.now() + buildMs;
	const vanishesAt = clock.now() + vanishesAfterMs;
	let { lease, life } = granted;
	const withLease = <T>(run: (lease: Lease) => Promise<T>): Promise<T> =>
		site.withQueue(user, async (queue, present) => {
			if (present !== life) {
				lease = await queue.resume(buildId);
				life = present;
			}
			return await run(lease);
		});
	try {
		if (visit.detaches) {
			await withLease((own) => own.detach({ keepMs: buildMs + 30 * MINUTE }));
			await site.pass(buildMs);
		}
		while (clock.now() < doneAt) {
			await site.pass(Math.min(lease.idleMs / 3, doneAt - clock.now(), vanishesAt - clock.now()));
			if (clock.now() >= vanishesAt) return 'over';
			await withLease((own) => own.renew());
		}
		await withLease((own) => own.renew());
	} catch (error) {
		const reason = ContainerBuilderError.from(error);
		watch.lost(visit, lease, reason);
		return reason.details?.reason === 'deadline' ? 'over' : 'lost';
	}
	watch.builds++;
	// The queue may have taken note of it when its process ended.
	await withLease((own) => own.release({ status: 'succeeded' })).catch(() => {});
	return 'over';
}

/** A fresh builder in place of one that was lost; in line like everybody where the queue has forgotten of it. */
async function replaced(
	visit: DayVisit,
	site: DaySite,
	watch: DayWatch,
	{ lease, life }: Held,
): Promise<Held | undefined> {
	const { buildId, user, pool, priority } = visit;
	watch.comesAgain(visit);
	try {
		const fresh = await site.withQueue(user, async (queue, present) => {
			const again = (): Promise<Lease> => queue.lease(lease.id).replace('builder-lost');
			const anew = async (): Promise<Lease> =>
				(await queue.checkout({ buildId, pool, priority }).granted).lease;
			return { lease: await (present === life ? again() : anew()), life: present };
		});
		watch.answered(visit, fresh.lease);
		return fresh;
	} catch (error) {
		watch.refused(visit, ContainerBuilderError.from(error));
		return undefined;
	}
}

async function cancelLater(visit: DayVisit, site: DaySite, watch: DayWatch, afterMs: number): Promise<void> {
	await site.pass(afterMs);
	watch.leaves(visit);
	// It may be over, or not yet known to the queue.
	await site.withQueue(visit.user, (queue) => queue.cancel(visit.buildId)).catch(() => {});
}
