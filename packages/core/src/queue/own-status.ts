import type { QueueStatus } from '../spec/index.js';

/** A status as it is shown to one of the users: how many builders there are and what they do, but not what others build. */
export function ownStatus(status: QueueStatus, user: string): QueueStatus {
	return {
		...status,
		builders: status.builders.map((builder) =>
			builder.user === undefined || builder.user === user
				? builder
				: { ...builder, buildId: undefined, user: undefined, endpoint: undefined },
		),
		waiting: status.waiting.filter((one) => one.user === user),
	};
}
