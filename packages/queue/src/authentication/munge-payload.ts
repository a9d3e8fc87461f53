import * as z from 'zod';

const payloadSchema = z.strictObject({
	for: z.literal('container-builder'),
	nonce: z.string().max(256),
	fingerprint: z
		.string()
		.regex(/^[0-9a-f]{64}$/)
		.optional(),
});

/** What a client has put into a MUNGE credential; undefined for what is of something else. */
export function parseMungePayload(text: string): z.infer<typeof payloadSchema> | undefined {
	try {
		return payloadSchema.safeParse(JSON.parse(text)).data;
	} catch {
		return undefined;
	}
}
