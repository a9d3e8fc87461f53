import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	type Backend,
	type BuildRequest,
	type RegistryLogin,
	RemoteBuilder,
} from '@olcf/container-builder-core';
import {
	type Bootstrap,
	controlMethods,
	encodeSealedLogins,
	enrolmentMac,
	PROTOCOL_VERSION,
	type Result,
	RpcClient,
	randomSecret,
} from '@olcf/container-builder-core/protocol';
import { type MemoryTransport, memoryTransport } from '@olcf/container-builder-testing';
import { nativeArchitecture } from '../../src/emulation/native-architecture.js';
import { type BuilderServer, type ServeBuilderOptions, script, serveBuilder } from '../../src/index.js';

type ControlClient = RpcClient<typeof controlMethods>;

/** A daemon in this process, and what its queue and its client know of it. */
export interface StartedBuilder extends AsyncDisposable {
	readonly server: BuilderServer;
	readonly transport: MemoryTransport;
	readonly bootstrap: Bootstrap;
	readonly directory: string;
	readonly url: string;
	readonly sessionKey: string;
	readonly token: string;
	/** A channel `control` that has not said anything. */
	dialControl(): Promise<ControlClient>;
	/** Proves to be the queue. */
	enrol(
		control: ControlClient,
		options?: { key?: 'secret' | 'session'; secret?: string },
	): Promise<Result<typeof controlMethods, 'accept'>>;
	/** Enrols and leases; `logins`: the queue's own, sealed to the builder's key. */
	lease(options?: {
		deadlineMs?: number;
		idleMs?: number;
		logins?: readonly RegistryLogin[];
		declarationSha256?: string;
	}): Promise<ControlClient>;
	/** The client's side. */
	connect(token?: string): RemoteBuilder;
}

export const BUILD_ID = 'build-00000001';

export function request(fields: Partial<BuildRequest> = {}): BuildRequest {
	return {
		buildId: BUILD_ID,
		definition: 'Bootstrap: scratch\n',
		kind: 'apptainer',
		format: 'sif',
		architecture: nativeArchitecture(),
		arguments: {},
		labels: {},
		...fields,
	};
}

/** A backend that runs a shell script. */
export function shell(text: string, options: Parameters<typeof script>[1] = {}): Backend {
	return script(['/bin/sh', '-c', text], options);
}

export async function startBuilder(
	backends: readonly Backend[] = [shell('cp "$DEFINITION" "$IMAGE"')],
	options: Partial<Omit<ServeBuilderOptions, 'bootstrap'>> & { bootstrap?: Partial<Bootstrap> } = {},
): Promise<StartedBuilder> {
	const transport =
		(options.transport as MemoryTransport | undefined) ?? memoryTransport({ highWaterBytes: 2 ** 20 });
	const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'cb-builder-test-')));
	const bootstrap: Bootstrap = {
		version: 1,
		builderId: 'builder-1',
		owner: 'test',
		listen: { url: 'memory:builder' },
		secret: randomSecret(),
		enrolMs: 60_000,
		lifetimeMs: 3_600_000,
		privilege: 'user-namespace',
		...options.bootstrap,
	};
	const server = await serveBuilder({ ...options, transport, backends, bootstrap, directory });
	const url = server.endpoints[0]?.url ?? '';
	const sessionKey = randomSecret();
	const token = randomSecret();
	const clients: RemoteBuilder[] = [];

	const dialControl = async (): Promise<ControlClient> =>
		new RpcClient(
			await transport.connect({ url }, { channel: 'control', version: PROTOCOL_VERSION }),
			controlMethods,
		);
	const enrol: StartedBuilder['enrol'] = async (
		control,
		{ key = 'secret', secret = bootstrap.secret } = {},
	) => {
		const queueNonce = randomSecret();
		const answer = await control.call('enrol', { queueNonce, key });
		const transcript = { ...answer, queueNonce };
		const used = key === 'secret' ? secret : sessionKey;
		if (enrolmentMac(used, 'builder', transcript) !== answer.mac && secret === bootstrap.secret) {
			throw new Error('the builder has not proved itself');
		}
		const mac = enrolmentMac(used, 'queue', transcript);
		return await control.call('accept', { mac, ...(key === 'secret' ? { sessionKey } : {}) });
	};

	return {
		server,
		transport,
		bootstrap,
		directory,
		url,
		sessionKey,
		token,
		dialControl,
		enrol,
		lease: async ({ deadlineMs = 600_000, idleMs = 60_000, logins, declarationSha256 } = {}) => {
			const control = await dialControl();
			const { builderId, loginsKey = '' } = await enrol(control);
			const leaseId = 'lease-000001';
			const sealedLogins = logins && encodeSealedLogins(loginsKey, logins, { builderId, leaseId });
			await control.call('lease', {
				...(sealedLogins === undefined ? {} : { sealedLogins }),
				...(declarationSha256 === undefined ? {} : { declarationSha256 }),
				leaseId,
				buildId: BUILD_ID,
				user: 'somebody',
				tokenSha256: createHash('sha256').update(token).digest('hex'),
				deadlineMs,
				idleMs,
			});
			return control;
		},
		connect: (own = token) => {
			const builder = new RemoteBuilder({
				id: bootstrap.builderId,
				transports: [transport],
				endpoint: { url },
				token: own,
				reconnectMs: 2_000,
			});
			clients.push(builder);
			return builder;
		},
		[Symbol.asyncDispose]: async () => {
			for (const client of clients) await client.close();
			await server.close();
			if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
		},
	};
}
