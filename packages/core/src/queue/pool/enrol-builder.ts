import { controlMethods } from '../../protocol/control-methods.js';
import { enrolmentMac, equalMacs, randomSecret } from '../../protocol/enrolment.js';
import { RpcClient } from '../../rpc/rpc-client.js';
import {
	type AbortOptions,
	type BuilderInfo,
	type ConnectedChannel,
	ContainerBuilderError,
} from '../../spec/index.js';

/** The key that both sides are to know. */
export type EnrolmentKey =
	| {
			readonly kind: 'secret';
			readonly value: string;
			readonly sessionKey: string;
			/** Called before the session key goes out: the daemon may know it from here on. */
			readonly onSpend: () => void;
	  }
	| { readonly kind: 'session'; readonly value: string };

/** A daemon that has proved itself, on an open channel. */
export interface EnrolledBuilder {
	readonly rpc: RpcClient<typeof controlMethods>;
	readonly info: BuilderInfo;
	/** What the site's logins are to be sealed to, where the builder was asked to have such a key. */
	readonly loginsKey: string | undefined;
	/** Of the certificate that it proved; undefined on a connection without one. */
	readonly fingerprint: string | undefined;
}

/**
 * The queue's side of an enrolment. Rejects with `enrolment-failed` where the other end does not know the key, is
 * another builder, or shows another certificate than the one it vouches for. Does not close the channel.
 */
export async function enrolBuilder(
	channel: ConnectedChannel,
	builderId: string,
	key: EnrolmentKey,
	options: AbortOptions,
): Promise<EnrolledBuilder> {
	const rpc = new RpcClient(channel, controlMethods);
	const queueNonce = randomSecret();
	const answer = await rpc.call('enrol', { queueNonce, key: key.kind }, options);
	const transcript = {
		builderId,
		queueNonce,
		builderNonce: answer.builderNonce,
		fingerprint: answer.fingerprint,
	};
	if (answer.builderId !== builderId) throw refused(builderId, `it is ${answer.builderId}`);
	if (answer.fingerprint !== channel.peerFingerprint) {
		throw refused(builderId, 'the certificate on the way is not its own');
	}
	if (!equalMacs(answer.mac, enrolmentMac(key.value, 'builder', transcript))) {
		throw refused(builderId, 'it does not know the secret');
	}
	const mac = enrolmentMac(key.value, 'queue', transcript);
	if (key.kind === 'secret') key.onSpend();
	const { loginsKey, ...info } = await rpc.call(
		'accept',
		key.kind === 'secret' ? { mac, sessionKey: key.sessionKey } : { mac },
		options,
	);
	return { rpc, info, loginsKey, fingerprint: answer.fingerprint };
}

function refused(builderId: string, why: string): ContainerBuilderError {
	return new ContainerBuilderError(
		'enrolment-failed',
		`what answers for builder ${builderId} is not it: ${why}`,
	);
}
