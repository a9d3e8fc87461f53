/**
 * Every point at which something that outlives the process has just changed: in the store, in the provider's cloud, on
 * a builder, or at a client. After each of them the process may be killed, and the next one goes on.
 */
export const QUEUE_STEPS = [
	'checkout-recorded',
	'builder-recorded',
	'create-sent',
	'create-answered',
	'machine-recorded',
	'builder-enrolled',
	'enrolment-recorded',
	'lease-recorded',
	'lease-accepted',
	'lease-granted',
	'lease-resumed',
	'detach-recorded',
	'cancel-recorded',
	'build-end-recorded',
	'give-up-recorded',
	'destroy-sent',
	'destroy-answered',
	'destroy-confirmed',
	'builder-erased',
	'builder-adopted',
	'lease-adopted',
] as const;

/** One of {@link QUEUE_STEPS}. */
export type QueueStep = (typeof QUEUE_STEPS)[number];
