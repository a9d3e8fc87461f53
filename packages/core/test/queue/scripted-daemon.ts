import { createHash } from 'node:crypto';
import {
	type BuilderEvent,
	type BuilderPhase,
	ContainerBuilderError,
	type Endpoint,
	type RegistryLogin,
	type ResolvedBase,
	type Transport,
} from '@olcf/container-builder-core';
import {
	type Bootstrap,
	controlMethods,
	decodeBootstrap,
	decodeSealedLogins,
	enrolmentMac,
	equalMacs,
	type Handlers,
	makeSealingKey,
	randomSecret,
	type SealingKey,
	serveRpc,
} from '@olcf/container-builder-core/protocol';

type WithoutNumbers<E> = E extends unknown ? Omit<E, 'sequence' | 'elapsedMs'> : never;
/** What a daemon reports, as yet without its number. */
export type NewBuilderEvent = WithoutNumbers<BuilderEvent>;

/** How a scripted daemon misbehaves. */
export interface DaemonScript {
	/** Proves itself with another secret. */
	readonly impostor?: boolean;
	/** Refuses leases. */
	readonly refusesLeases?: boolean;
	/** Has no key for logins, though it was asked for one. */
	readonly withoutKey?: boolean;
}

/** The daemon's side of `control`, without a machine. */
export class ScriptedDaemon {
	readonly endpoint: Endpoint;
	readonly bootstrap: Bootstrap;
	readonly leases: { leaseId: string; buildId: string; user: string }[] = [];
	/** What the leases hold it to. */
	readonly declarations: (string | undefined)[] = [];
	readonly tokens: string[] = [];
	/** Of the queue, as they could be opened; with a lease each. */
	readonly logins: (readonly RegistryLogin[] | undefined)[] = [];
	/** As they came. */
	readonly sealedLogins: string[] = [];
	readonly cancels: string[] = [];
	dials = 0;
	#sealingKey: SealingKey | undefined;
	/** By their SHA-256. */
	readonly #admitted = new Set<string>();
	#key: string;
	#spent = false;
	#sequence = 0;
	readonly #events: BuilderEvent[] = [];
	#wake = (): void => {};
	#silent = false;
	#phase: BuilderPhase = 'idle';
	readonly #script: DaemonScript;
	#close = async (): Promise<void> => {};
	#cut = (): void => {};

	private constructor(endpoint: Endpoint, bootstrap: Bootstrap, script: DaemonScript) {
		this.endpoint = endpoint;
		this.bootstrap = bootstrap;
		this.#script = script;
		this.#key = script.impostor ? randomSecret() : bootstrap.secret;
	}

	static async start(
		transport: Transport,
		endpoint: Endpoint,
		bytes: Uint8Array,
		script: DaemonScript = {},
	): Promise<ScriptedDaemon> {
		const daemon = new ScriptedDaemon(endpoint, decodeBootstrap(bytes), script);
		const listener = await transport.listen({ url: endpoint.url });
		const open = new Set<() => void>();
		void (async () => {
			for await (const incoming of listener) {
				if (incoming.request.channel !== 'control') {
					await incoming.reject('not-found');
					continue;
				}
				// Whoever dialled may have given up.
				const channel = await incoming.accept().catch(() => undefined);
				if (channel === undefined) continue;
				daemon.dials++;
				const abort = (): void => channel.abort(new Error('the daemon ended'));
				open.add(abort);
				void serveRpc(channel, controlMethods, daemon.#handlers()).then(() => open.delete(abort));
			}
		})();
		daemon.#cut = () => {
			for (const abort of open) abort();
		};
		daemon.#close = async () => {
			await listener.close();
			daemon.#cut();
			daemon.#wake();
		};
		return daemon;
	}

	close(): Promise<void> {
		return this.#close();
	}

	/** Breaks the connections that there are; it answers new ones. */
	cut(): void {
		this.#cut();
	}

	/** Whether a client with that token may use the builder. */
	admits(token: string): boolean {
		return this.#admitted.has(createHash('sha256').update(token).digest('hex'));
	}

	/** Answers nothing any more, though its connections stand. */
	fallSilent(): void {
		this.#silent = true;
	}

	/** Reports a phase, as the backend would bring it about. */
	report(phase: BuilderPhase): void {
		this.#phase = phase;
		this.tell({ type: 'phase', phase });
	}

	/** Reports anything. */
	tell(event: NewBuilderEvent): void {
		this.#events.push({ sequence: ++this.#sequence, elapsedMs: 0, ...event });
		this.#wake();
	}

	/** Reports that the build is over, as a real daemon does: with an error where it has failed. */
	reportEnd(phase: 'built' | 'failed' | 'canceled'): void {
		const error =
			phase === 'failed' ? new ContainerBuilderError('build-failed', 'it did not build').toJSON() : undefined;
		this.tell({ type: 'end', phase, error });
	}

	/** Reports bases, as a real daemon does before its backend starts. */
	reportBases(bases: readonly ResolvedBase[]): void {
		this.tell({ type: 'bases', bases });
	}

	#loginsKey(): string {
		this.#sealingKey ??= makeSealingKey();
		return this.#sealingKey.publicKey;
	}

	#handlers(): Handlers<typeof controlMethods> {
		let transcript: Parameters<typeof enrolmentMac>[2] | undefined;
		let enrolled = false;
		const { builderId } = this.bootstrap;
		const guard = (): void => {
			if (!enrolled) throw new ContainerBuilderError('unauthenticated', 'enrol first');
		};
		const state = () => ({
			phase: this.#phase,
			sequence: this.#sequence,
			backendStarted: false,
			outputBytes: 0,
		});
		return {
			enrol: async ({ queueNonce, key }) => {
				if ((key === 'secret') === this.#spent) {
					throw new ContainerBuilderError('unauthenticated', 'not with this key');
				}
				const builderNonce = randomSecret();
				transcript = { builderId, queueNonce, builderNonce };
				return { builderId, builderNonce, mac: enrolmentMac(this.#key, 'builder', transcript) };
			},
			accept: async ({ mac, sessionKey }) => {
				if (!transcript || !equalMacs(mac, enrolmentMac(this.#key, 'queue', transcript))) {
					throw new ContainerBuilderError('unauthenticated', 'a wrong proof');
				}
				enrolled = true;
				if (sessionKey !== undefined) {
					this.#key = sessionKey;
					this.#spent = true;
				}
				return {
					builderId,
					version: '1.0.0',
					architectures: ['amd64'],
					backends: [{ name: 'apptainer', version: '1.4' }],
					privilege: 'user-namespace',
					...(this.bootstrap.logins && !this.#script.withoutKey ? { loginsKey: this.#loginsKey() } : {}),
				};
			},
			probe: async () => {
				guard();
				if (this.#silent) await new Promise(() => {});
				return state();
			},
			lease: async ({ leaseId, buildId, user, tokenSha256, sealedLogins, declarationSha256 }) => {
				guard();
				if (this.#script.refusesLeases || this.leases.length > 0) {
					if (this.leases[0]?.leaseId === leaseId && this.#admitted.has(tokenSha256)) return {};
					throw new ContainerBuilderError('busy', 'there is a lease already');
				}
				this.leases.push({ leaseId, buildId, user });
				this.declarations.push(declarationSha256);
				this.#admitted.add(tokenSha256);
				this.logins.push(
					sealedLogins === undefined || this.#sealingKey === undefined
						? undefined
						: decodeSealedLogins(this.#sealingKey, sealedLogins, { builderId, leaseId }),
				);
				if (sealedLogins !== undefined) this.sealedLogins.push(sealedLogins);
				this.#phase = 'leased';
				return {};
			},
			token: async ({ tokenSha256 }) => {
				guard();
				if (this.#silent) await new Promise(() => {});
				if (this.leases.length === 0) throw new ContainerBuilderError('not-found', 'there is no lease');
				this.tokens.push(tokenSha256);
				this.#admitted.add(tokenSha256);
				return {};
			},
			extend: async () => ({}),
			cancel: async ({ reason }) => {
				guard();
				this.cancels.push(reason);
				return {};
			},
			states: async ({ after }, { signal, emit }) => {
				guard();
				let next = after;
				while (!signal.aborted) {
					const event = this.#events[next];
					if (event === undefined) {
						await new Promise<void>((resolve) => {
							this.#wake = resolve;
							signal.addEventListener('abort', () => resolve(), { once: true });
						});
					} else {
						next++;
						await emit(event);
					}
				}
				return {};
			},
			shutdown: async () => ({}),
		};
	}
}
