import { ContainerBuilderError, isContainerBuilderError } from '@olcf/container-builder-core';
import type { UpdateFailure } from './apt-output.js';

/** The error for a mirror whose indexes cannot be had or must not be trusted. */
export function mirrorError(mirror: string, failure: UpdateFailure): ContainerBuilderError {
	if (failure.reason === 'expired') {
		const suites = failure.suites.join(' and ');
		return new ContainerBuilderError(
			'builder-image',
			`the package index of ${suites} on ${mirror} is past its date (since ${failure.since})`,
			{
				hint: 'Check the clock, use an up-to-date mirror with --mirror URL, or take the index as it is with --allow-expired-release.',
				details: { expiredRelease: true, suites: failure.suites.join(' ') },
			},
		);
	}
	const { message, hint } = EXPLANATIONS[failure.reason];
	return new ContainerBuilderError('builder-image', `${message(mirror)}: ${failure.line}`, { hint });
}

const EXPLANATIONS = {
	unreachable: {
		message: (mirror: string) => `the Debian mirror ${mirror} cannot be reached`,
		hint: 'The builder image is made once from a Debian mirror: connect to the network, or name a mirror within reach with --mirror URL.',
	},
	unsigned: {
		message: (mirror: string) => `the signatures of the Debian mirror ${mirror} cannot be checked`,
		hint: 'Bring the keys up to date: apt-get install debian-archive-keyring',
	},
	absent: {
		message: (mirror: string) => `${mirror} is not a mirror with the suites that are needed`,
		hint: 'Name a full Debian mirror with --mirror URL.',
	},
	other: {
		message: (mirror: string) => `the package indexes of ${mirror} cannot be used`,
		hint: 'Name another Debian mirror with --mirror URL.',
	},
} as const;

/** Whether `error` says that the mirror's index is past its date: what `allowExpiredRelease` is for. */
export function isExpiredRelease(error: unknown): boolean {
	return isContainerBuilderError(error) && error.details?.expiredRelease === true;
}
