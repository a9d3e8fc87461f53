import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What both sides of an enrolment know. */
export interface EnrolmentTranscript {
	readonly builderId: string;
	readonly queueNonce: string;
	readonly builderNonce: string;
	/** Of the certificate that the daemon listens with; absent on a unix socket. */
	readonly fingerprint?: string | undefined;
}

/**
 * The proof that one side knows `key`: HMAC-SHA-256 (RFC 2104) over role and transcript, base64url.
 * The role keeps one side's proof from being replayed as the other's.
 */
export function enrolmentMac(
	key: string,
	role: 'queue' | 'builder',
	transcript: EnrolmentTranscript,
): string {
	const { builderId, queueNonce, builderNonce, fingerprint = '' } = transcript;
	const text = [
		'container-builder enrolment v1',
		role,
		builderId,
		queueNonce,
		builderNonce,
		fingerprint,
	].join('\n');
	return createHmac('sha256', key).update(text).digest('base64url');
}

/** Compares two proofs or digests in constant time. */
export function equalMacs(left: string, right: string): boolean {
	const a = Buffer.from(left);
	const b = Buffer.from(right);
	return a.length === b.length && timingSafeEqual(a, b);
}

/** 32 random bytes, base64url: nonces, secrets, session keys, tokens. */
export function randomSecret(): string {
	return randomBytes(32).toString('base64url');
}
