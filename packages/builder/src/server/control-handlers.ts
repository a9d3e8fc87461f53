import { type Channel, ContainerBuilderError } from '@olcf/container-builder-core';
import type { controlMethods, Handlers } from '@olcf/container-builder-core/protocol';
import type { BuilderDaemon } from './builder-daemon.js';
import type { Challenge } from './enrolment.js';

type ControlHandlers = Handlers<typeof controlMethods>;

/** Wrong proofs that one channel may try; others are not locked out by them, the queue could be one of those. */
const MAX_WRONG = 3;

/** The methods of one channel `control`; before it has proved itself, it may only enrol. */
export function controlHandlers(daemon: BuilderDaemon, channel: Channel): ControlHandlers {
	let challenge: Challenge | undefined;
	let wrong = 0;
	const proven = (): void => {
		if (daemon.isControl(channel)) return;
		throw new ContainerBuilderError('unauthenticated', 'this channel has not enrolled, or was replaced');
	};
	return {
		enrol: async ({ queueNonce, key }) => {
			const [made, answer] = daemon.enrolment.challenge(queueNonce, key);
			challenge = made;
			return answer;
		},
		accept: async ({ mac, sessionKey }) => {
			// One proof for one challenge.
			const asked = challenge;
			challenge = undefined;
			if (!asked) throw new ContainerBuilderError('unauthenticated', 'enrol comes before accept');
			try {
				daemon.enrolment.accept(asked, mac, sessionKey);
			} catch (error) {
				if (++wrong >= MAX_WRONG)
					void channel.close({ code: 'protocol', reason: 'too many proofs were wrong' });
				throw error;
			}
			daemon.useControl(channel);
			const loginsKey = await daemon.loginsKey();
			return { ...daemon.info(), ...(loginsKey === undefined ? {} : { loginsKey }) };
		},
		probe: async () => {
			proven();
			return daemon.state();
		},
		lease: async (lease) => {
			proven();
			daemon.acceptLease(lease);
			return {};
		},
		token: async ({ tokenSha256 }) => {
			proven();
			daemon.lease().addToken(tokenSha256);
			return {};
		},
		extend: async ({ deadlineMs }) => {
			proven();
			daemon.extend(deadlineMs);
			return {};
		},
		cancel: async ({ force, reason }) => {
			proven();
			// The answer does not wait for the backend: the queue takes a daemon that is silent for lost.
			void daemon.build().end(new ContainerBuilderError('canceled', reason || 'canceled'), { force });
			return {};
		},
		states: async ({ after }, context) => {
			proven();
			await daemon.follow(after, context);
			return {};
		},
		shutdown: async () => {
			proven();
			daemon.endSoon('shutdown');
			return {};
		},
	};
}
