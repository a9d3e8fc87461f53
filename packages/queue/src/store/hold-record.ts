import * as z from 'zod';

const schema = z.object({
	/** Writes name it. */
	fence: z.int().positive(),
	/** Grows as long as the holder lives; nobody compares his clock with it. */
	beat: z.int().nonnegative(),
	/** After so many milliseconds without a beat, by the clock of who waits, the hold is anybody's. */
	ttlMs: z.number().positive(),
	/** Whose it is; `null` where the system does not tell. */
	process: z
		.object({ pid: z.int(), startTime: z.string(), bootId: z.string(), pidNamespace: z.string() })
		.nullable(),
});

/** Who holds a name, as it is in the file. */
export type HoldRecord = Readonly<z.infer<typeof schema>>;

/** Reads what {@link encodeHold} gave; throws a SyntaxError where it is not that. */
export function decodeHold(encoded: Uint8Array): HoldRecord {
	const { success, data } = schema.safeParse(JSON.parse(Buffer.from(encoded).toString()));
	if (!success) throw new SyntaxError('there is a hold that cannot be read');
	return data;
}

/** The record as it is in the file. */
export function encodeHold(record: HoldRecord): Buffer {
	return Buffer.from(JSON.stringify(record));
}
