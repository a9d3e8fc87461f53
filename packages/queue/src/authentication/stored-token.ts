import * as z from 'zod';
import { isUserName } from './is-user-name.js';

/** A token as it is kept: enough to recognise it, not to make it. */
export interface StoredToken {
	/** The part of the token that is no secret. */
	readonly id: string;
	readonly user: string;
	readonly groups: readonly string[];
	/** 32 hexadecimal digits. */
	readonly salt: string;
	/** SHA-256 of salt and secret, 64 hexadecimal digits. */
	readonly hash: string;
	/** ISO 8601. */
	readonly createdAt: string;
	/** ISO 8601; absent: never. */
	readonly expiresAt?: string | undefined;
}

/** A user or a group, as identities have them. */
const who = z.string().refine(isUserName);

/** What a file of tokens holds. */
export const tokenFileSchema = z.strictObject({
	version: z.literal(1),
	tokens: z.array(
		z.strictObject({
			id: z.string().regex(/^[a-z2-7]{12}$/),
			user: who,
			groups: z.array(who),
			salt: z.string().regex(/^[0-9a-f]{32}$/),
			hash: z.string().regex(/^[0-9a-f]{64}$/),
			createdAt: z.iso.datetime(),
			expiresAt: z.iso.datetime().optional(),
		}),
	),
});
