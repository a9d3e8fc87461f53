import { makeStatement } from '../../provenance/make-statement.js';
import { signStatement } from '../../provenance/sign-statement.js';
import {
	ContainerBuilderError,
	type DsseEnvelope,
	type ProvenanceKey,
	type ProvenanceSigner,
} from '../../spec/index.js';
import type { BuildBook } from './build-book.js';
import type { LeaseRecord } from './lease-book.js';
import { signsNothing } from './signs-nothing.js';

/** Signs what the queue knows of a build whose image is there. */
export class Attestor {
	readonly #signer: ProvenanceSigner | undefined;
	readonly #version: string;
	readonly #builds: BuildBook;

	constructor(options: {
		readonly signer: ProvenanceSigner | undefined;
		readonly version: string;
		readonly builds: BuildBook;
	}) {
		this.#signer = options.signer;
		this.#version = options.version;
		this.#builds = options.builds;
	}

	/** Rejects with `unsupported`. */
	async key(): Promise<ProvenanceKey> {
		if (this.#signer === undefined) throw signsNothing();
		return await this.#signer.key();
	}

	/** Rejects with `unsupported` and `not-found`. */
	async attest(lease: LeaseRecord, signal: AbortSignal | undefined): Promise<DsseEnvelope> {
		const signer = this.#signer;
		if (signer === undefined) throw signsNothing();
		const { buildId, user, builder } = lease;
		const build = this.#builds.find(buildId);
		if (build === undefined || this.#builds.factsOf(buildId) === undefined) {
			throw new ContainerBuilderError('unsupported', 'no provenance was asked for when this build began', {
				hint: 'What is built must be told to the queue before it is: ask for the provenance at the start.',
			});
		}
		// The client may know of the image before the builder's report is here.
		if (this.#builds.factsOf(buildId)?.image === undefined) {
			const { image } = await builder.link.call('probe', {}, signal);
			const event = { type: 'image', sequence: 0, elapsedMs: 0 } as const;
			if (image !== undefined) this.#builds.reported(buildId, { ...event, ...image });
		}
		const facts = this.#builds.factsOf(buildId);
		const image = facts?.image;
		if (facts === undefined || image === undefined) {
			throw new ContainerBuilderError('not-found', 'there is no image of this build yet');
		}
		const { pool, architecture } = build;
		const statement = makeStatement({
			facts: { ...facts, image },
			...{ buildId, user, pool, architecture },
			builderId: builder.id,
			info: builder.info,
			imageId: builder.imageId ?? 'unknown',
			signer: signer.builderId,
			version: this.#version,
		});
		return await signStatement(statement, signer);
	}
}
