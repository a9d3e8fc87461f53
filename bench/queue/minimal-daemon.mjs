import { ContainerBuilderError } from '@olcf/container-builder-core';
import {
	controlMethods,
	decodeBootstrap,
	enrolmentMac,
	equalMacs,
	randomSecret,
	serveRpc,
} from '@olcf/container-builder-core/protocol';

/**
 * Starts a daemon that enrols, is probed and takes a lease, and does nothing else: what a queue talks to, without a
 * machine, a certificate or a backend. Resolves when it listens.
 */
export async function minimalDaemon(transport, endpoint, bootstrap) {
	const { builderId, secret } = decodeBootstrap(bootstrap);
	const listener = await transport.listen({ url: endpoint.url });
	const keys = { secret, session: undefined };
	const channels = new Set();
	void (async () => {
		for await (const incoming of listener) {
			const channel = await incoming.accept();
			channels.add(channel);
			void serveRpc(channel, controlMethods, handlers(builderId, keys)).then(() => channels.delete(channel));
		}
	})();
	return {
		endpoint,
		close: async () => {
			await listener.close();
			for (const channel of channels) channel.abort(new Error('the machine ended'));
		},
	};
}

function handlers(builderId, keys) {
	let transcript;
	let leased = false;
	return {
		enrol: async ({ queueNonce, key }) => {
			transcript = { key, builderId, queueNonce, builderNonce: randomSecret() };
			const mac = enrolmentMac(keys[key], 'builder', transcript);
			return { builderId, builderNonce: transcript.builderNonce, mac };
		},
		accept: async ({ mac, sessionKey }) => {
			if (!equalMacs(mac, enrolmentMac(keys[transcript.key], 'queue', transcript))) {
				throw new ContainerBuilderError('unauthenticated', 'a wrong proof');
			}
			keys.session ??= sessionKey;
			return {
				builderId,
				version: '1.0.0',
				architectures: ['amd64'],
				backends: [{ name: 'apptainer', version: '1.4' }],
				privilege: 'user-namespace',
			};
		},
		probe: async () => ({
			phase: leased ? 'leased' : 'idle',
			sequence: 0,
			backendStarted: false,
			outputBytes: 0,
		}),
		lease: async () => {
			leased = true;
			return {};
		},
		token: async () => ({}),
		extend: async () => ({}),
		cancel: async () => ({}),
		states: async (_params, { signal }) => {
			await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
			return {};
		},
		shutdown: async () => ({}),
	};
}
