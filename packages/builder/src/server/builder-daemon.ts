import {
	type Architecture,
	type Backend,
	type BuilderEvent,
	type BuilderInfo,
	type BuilderState,
	type Channel,
	ContainerBuilderError,
	type IncomingChannel,
	type RejectCode,
} from '@olcf/container-builder-core';
import {
	buildMethods,
	controlMethods,
	type HandlerContext,
	type Params,
	PROTOCOL_VERSION,
	type Result,
	serveRpc,
} from '@olcf/container-builder-core/protocol';
import type { BaseProvision } from '../bases/base-provision.js';
import type { BuildDirectory } from '../build/build-directory.js';
import { EventLog } from '../build/event-log.js';
import { type BuildBounds, LeasedBuild } from '../build/leased-build.js';
import type { OutputLog } from '../output/output-log.js';
import { serveStream } from '../output/serve-stream.js';
import { buildHandlers } from './build-handlers.js';
import type { EndReason } from './builder-server.js';
import { controlHandlers } from './control-handlers.js';
import type { Enrolment } from './enrolment.js';
import { InFlight, within } from './in-flight.js';
import { Lease } from './lease.js';
import type { Lifetime } from './lifetime.js';

/** Control channels that have not proved themselves yet. */
const MAX_UNPROVEN = 16;
/** How long one of them may take. */
const PROOF_LIMIT_MS = 30_000;
/** How long the end of a build may take when the daemon ends. */
const BUILD_END_LIMIT_MS = 15_000;
/** How long the last events and bytes of output may take to be delivered then. */
const DELIVERY_LIMIT_MS = 2_000;

/** What a {@link BuilderDaemon} is made of. */
export interface BuilderDaemonOptions {
	readonly builderId: string;
	readonly version: string;
	readonly privilege: BuilderInfo['privilege'];
	readonly architectures: readonly Architecture[];
	/** Those that are installed, with their versions. */
	readonly backends: readonly { readonly backend: Backend; readonly version: string }[];
	readonly bounds: BuildBounds;
	readonly enrolment: Enrolment;
	readonly lifetime: Lifetime;
	readonly directory: BuildDirectory;
	readonly output: OutputLog;
	readonly bases: BaseProvision;
	/** For where file systems in memory are. */
	readonly environment: NodeJS.ProcessEnv;
	readonly onEndSoon: (reason: EndReason) => void;
}

/** What all channels of one daemon share: who controls it, whose it is, and the one build. */
export class BuilderDaemon {
	readonly enrolment: Enrolment;
	/** Ends the daemon with this reason, once what is being answered was answered. */
	readonly endSoon: (reason: EndReason) => void;
	readonly #options: BuilderDaemonOptions;
	readonly #lifetime: Lifetime;
	readonly #events: EventLog;
	readonly #channels = new Set<Channel>();
	readonly #deliveries = new InFlight();
	/** The oldest first. */
	readonly #unproven = new Set<Channel>();
	#control: Channel | undefined;
	#leased: { readonly lease: Lease; readonly build: LeasedBuild } | undefined;

	constructor(options: BuilderDaemonOptions) {
		this.#options = options;
		this.enrolment = options.enrolment;
		this.endSoon = options.onEndSoon;
		this.#lifetime = options.lifetime;
		this.#events = new EventLog(() => options.lifetime.sinceLeaseMs);
	}

	info(): Result<typeof buildMethods, 'info'> {
		const { builderId, version, privilege, architectures, backends } = this.#options;
		return {
			builderId,
			version,
			architectures: [...architectures],
			backends: backends.map(({ backend, version }) => ({ name: backend.name, version })),
			privilege,
		};
	}

	/** What the queue is to seal its registry logins to, where it has said that it has some. */
	async loginsKey(): Promise<string | undefined> {
		return await this.#options.bases.publicKey();
	}

	state(): BuilderState {
		if (this.#leased) return this.#leased.build.state;
		return { phase: 'idle', sequence: 0, backendStarted: false, outputBytes: 0 };
	}

	/** Throws `not-found` before there is one. */
	lease(): Lease {
		return this.#theLease().lease;
	}

	/** Throws `not-found` before there is a lease. */
	build(): LeasedBuild {
		return this.#theLease().build;
	}

	/** The same lease once more is no mistake: the queue may have missed the answer. Throws `busy`. */
	acceptLease(lease: Params<typeof controlMethods, 'lease'>): void {
		if (this.#leased) {
			const { lease: known } = this.#leased;
			if (known.leaseId !== lease.leaseId || !known.hasToken(lease.tokenSha256)) {
				throw new ContainerBuilderError('busy', 'this builder has its one lease already');
			}
			return;
		}
		const { directory, output, backends, architectures, bounds, lifetime, bases, environment } =
			this.#options;
		lifetime.lease(lease);
		if (lease.sealedLogins !== undefined) bases.acceptSealed(lease.sealedLogins, lease.leaseId);
		const build = new LeasedBuild({
			buildId: lease.buildId,
			declarationSha256: lease.declarationSha256,
			directory,
			output,
			backends: backends.map(({ backend }) => backend),
			architectures,
			bounds,
			clock: lifetime.clock,
			remainingMs: () => lifetime.untilDeadlineMs,
			events: this.#events,
			bases,
			environment,
		});
		this.#leased = { lease: new Lease(lease), build };
	}

	extend(deadlineMs: number): void {
		this.#theLease();
		this.#lifetime.extend(deadlineMs);
	}

	isControl(channel: Channel): boolean {
		return this.#control === channel;
	}

	/** The channel has proved itself: it takes the place of the one before. */
	useControl(channel: Channel): void {
		const previous = this.#control;
		this.#control = channel;
		this.#unproven.delete(channel);
		this.#lifetime.enrolled();
		this.#lifetime.connect();
		void channel.closed.then(() => {
			if (this.#control === channel) this.#control = undefined;
			this.#lifetime.disconnect();
		});
		if (previous !== channel) {
			void previous?.close({ code: 'going-away', reason: 'another control channel has enrolled' });
		}
	}

	/** Emits the events behind `after` until the last one. */
	async follow(after: number, context: HandlerContext<BuilderEvent>): Promise<void> {
		const emitAll = async (): Promise<void> => {
			for await (const event of this.#events.follow(after, context.signal)) await context.emit(event);
		};
		await this.#deliveries.track(emitAll());
	}

	/** Answers a connection, and serves it to its end. Rejects where the connection broke. */
	async take(incoming: IncomingChannel): Promise<void> {
		const refusal = this.#refusal(incoming);
		if (refusal) return await incoming.reject(...refusal);
		const channel = await incoming.accept();
		this.#channels.add(channel);
		try {
			if (incoming.request.channel === 'control') await this.#serveControl(channel);
			else await this.#serveClient(incoming.request.channel, channel);
		} finally {
			this.#channels.delete(channel);
		}
	}

	/** Ends build and channels; resolves when nothing is left but files. */
	async end(error: ContainerBuilderError): Promise<void> {
		const build = this.#leased?.build;
		if (build) await within(BUILD_END_LIMIT_MS, build.end(error, { force: true }));
		await this.#deliveries.settled(DELIVERY_LIMIT_MS);
		const goodbye = { code: 'going-away', reason: error.message } as const;
		await within(
			DELIVERY_LIMIT_MS,
			Promise.all([...this.#channels].map((channel) => channel.close(goodbye))),
		);
		for (const channel of this.#channels) channel.abort('the daemon has ended');
		if (build) await within(DELIVERY_LIMIT_MS, build.close());
	}

	#theLease(): { readonly lease: Lease; readonly build: LeasedBuild } {
		if (this.#leased) return this.#leased;
		throw new ContainerBuilderError('not-found', 'this builder has no lease yet');
	}

	#refusal({ request }: IncomingChannel): [RejectCode, string] | undefined {
		if (request.version !== PROTOCOL_VERSION) {
			return ['protocol-version', `this builder speaks version ${PROTOCOL_VERSION}`];
		}
		switch (request.channel) {
			case 'control':
				return undefined;
			case 'build':
			case 'output':
			case 'context':
			case 'image':
				// Before the lease there is no token yet that could be right.
				return this.#leased?.lease.admits(request.token)
					? undefined
					: ['unauthenticated', 'the token is not one of the lease'];
			case 'terminal':
				return ['unsupported', 'this builder has no terminals to enter'];
			case 'queue':
			case 'relay':
				return ['not-found', 'this is a builder, not a queue'];
		}
	}

	async #serveControl(channel: Channel): Promise<void> {
		// A stranger must not keep the queue out: it proves itself at once, who hangs about makes room.
		const [oldest] = this.#unproven;
		if (oldest !== undefined && this.#unproven.size >= MAX_UNPROVEN) {
			this.#unproven.delete(oldest);
			void oldest.close({ code: 'going-away', reason: 'too many try to enrol' });
		}
		this.#unproven.add(channel);
		const cancel = this.#lifetime.clock.schedule(() => {
			if (this.#control !== channel)
				void channel.close({ code: 'protocol', reason: 'it took too long to enrol' });
		}, PROOF_LIMIT_MS);
		try {
			await serveRpc(channel, controlMethods, controlHandlers(this, channel));
		} finally {
			cancel();
			this.#unproven.delete(channel);
		}
	}

	async #serveClient(name: IncomingChannel['request']['channel'], channel: Channel): Promise<void> {
		const build = this.build();
		this.#lifetime.connect();
		void channel.closed.then(() => this.#lifetime.disconnect());
		if (name === 'build') await serveRpc(channel, buildMethods, buildHandlers(this));
		if (name === 'context') await build.receive(channel);
		if (name === 'output') await this.#deliveries.track(serveStream(channel, () => build.output()));
		if (name === 'image') await serveStream(channel, () => build.image());
	}
}
