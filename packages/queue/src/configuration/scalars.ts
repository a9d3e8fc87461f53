import * as z from 'zod';

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = {
	B: 1,
	KiB: 2 ** 10,
	MiB: 2 ** 20,
	GiB: 2 ** 30,
	TiB: 2 ** 40,
	kB: 1e3,
	MB: 1e6,
	GB: 1e9,
	TB: 1e12,
} as const;

/** A length of time like `90s`, `30m` or `4h`; milliseconds when read. */
export const durationScalar = scalar('a length of time such as 500ms, 90s, 30m, 4h or 2d', readDuration);

/** A size like `512MiB` or `4GiB`; bytes when read. */
export const sizeScalar = scalar('a size such as 512MiB, 4GiB or 20GB', (text) => {
	const match = /^(\d+(?:\.\d+)?)\s*(B|[KMGT]iB|[kMGT]B)$/.exec(text);
	if (match === null) return undefined;
	const bytes = Math.round(Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]);
	return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
});

/** How often something may happen, like `10/1m`. */
export const rateScalar = scalar('a rate such as 10/1m or 100/1h', (text) => {
	const [, count = '', time = ''] = /^(\d{1,6})\s*\/\s*(.+)$/.exec(text) ?? [];
	const perMs = readDuration(time);
	return Number(count) > 0 && perMs !== undefined ? { count: Number(count), perMs } : undefined;
});

function readDuration(text: string): number | undefined {
	const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text);
	if (match === null) return undefined;
	const milliseconds = Math.round(Number(match[1]) * DURATION_UNITS[match[2] as keyof typeof DURATION_UNITS]);
	return milliseconds > 0 && milliseconds <= 8_640_000_000 ? milliseconds : undefined;
}

function scalar<T>(what: string, read: (text: string) => T | undefined) {
	return z.unknown().transform((value, context): T => {
		const found = typeof value === 'string' ? read(value) : undefined;
		if (found !== undefined) return found;
		context.addIssue({ code: 'custom', message: `must be ${what}` });
		return z.NEVER;
	});
}
