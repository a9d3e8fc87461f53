import { checkoutRequestSchema } from '../protocol/queue-schemas.js';
import { type BuildRecord, type CheckoutRequest, ContainerBuilderError } from '../spec/index.js';
import type { PoolSettings } from './builder-queue-options.js';

/**
 * Throws where a checkout cannot be: `invalid-option` for one that breaks its schema, `unsupported` for a pool or
 * an architecture that there is not, `forbidden` for the id of somebody else's build.
 */
export function checkCheckout(
	request: CheckoutRequest,
	user: string,
	pool: Pick<PoolSettings, 'name' | 'architecture'>,
	known: BuildRecord | undefined,
): void {
	const parsed = checkoutRequestSchema.safeParse(request);
	if (!parsed.success) {
		const issue = parsed.error.issues[0];
		throw new ContainerBuilderError(
			'invalid-option',
			`the checkout's ${issue?.path.join('.')} cannot be: ${issue?.message}`,
		);
	}
	if (request.pool !== undefined && request.pool !== pool.name) {
		throw new ContainerBuilderError('unsupported', `this queue has no pool ${request.pool}`, {
			hint: `It has ${pool.name}.`,
		});
	}
	if (request.architecture !== undefined && request.architecture !== pool.architecture) {
		throw new ContainerBuilderError(
			'unsupported',
			`this queue has no builders of architecture ${request.architecture}`,
			{ hint: `It has ${pool.architecture}.` },
		);
	}
	if (known !== undefined && known.user !== user) {
		throw new ContainerBuilderError('forbidden', `the build id ${request.buildId} is taken`, {
			hint: 'Use another build id.',
		});
	}
}
