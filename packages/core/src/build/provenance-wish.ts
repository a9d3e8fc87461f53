import { createHash } from 'node:crypto';
import { verifyProvenance } from '../provenance/verify-provenance.js';
import {
	type BuildResult,
	ContainerBuilderError,
	type ImageDigest,
	type Lease,
	type ProvenanceKey,
	type Queue,
} from '../spec/index.js';
import { type ImageTarget, imageTarget } from './image-target.js';
import { writeImage } from './image-writer.js';

/** What the name of a provenance has behind that of its image: one envelope in a line of JSON. */
const PROVENANCE_SUFFIX = '.intoto.jsonl';

/** A provenance that is wanted of a build. */
export interface ProvenanceWish {
	/** The queue's, as it was before the build. */
	readonly key: ProvenanceKey;
	readonly target: ImageTarget;
}

/**
 * Finds out before anything is sent whether the queue signs, and whether there is a place beside the image. Rejects with
 * `unsupported`, `image-exists`, `image-write`.
 */
export async function wishProvenance(
	queue: Queue,
	image: ImageTarget,
	options: { readonly force: boolean; readonly signal: AbortSignal },
): Promise<ProvenanceWish> {
	const { force, signal } = options;
	const target =
		image.kind === 'file'
			? await imageTarget(`${image.path}${PROVENANCE_SUFFIX}`, { directory: '/', force })
			: ({ kind: 'none' } as const);
	return { key: await queue.provenanceKey({ signal }), target };
}

/** Has the image attested, checks that, and puts it beside the image. Of an image that is there nothing is lost by a failure. */
export async function bringProvenance(
	lease: Lease,
	{ sha256 }: ImageDigest,
	{ key, target }: ProvenanceWish,
	signal: AbortSignal,
): Promise<NonNullable<BuildResult['provenance']>> {
	try {
		const envelope = await lease.attest({ signal });
		verifyProvenance(envelope, { sha256, keys: [key] });
		if (target.kind !== 'file') return { envelope };
		const bytes = Buffer.from(`${JSON.stringify(envelope)}\n`, 'utf8');
		const digest = createHash('sha256').update(bytes).digest('hex');
		const chunks = oneChunk(bytes);
		await writeImage({ size: bytes.length, sha256: digest, from: 0, chunks }, target, {
			format: 'oci-archive',
		});
		return { path: target.path, envelope };
	} catch (caught) {
		const { code, message, hint } = ContainerBuilderError.from(caught);
		throw new ContainerBuilderError(code, `there is no provenance: ${message}`, {
			cause: caught,
			// What there is must not be built again for the sake of what there is not.
			retryable: false,
			hint: ['The image itself is built and whole.', ...(hint === undefined ? [] : [hint])].join(' '),
		});
	}
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
	yield bytes;
}
