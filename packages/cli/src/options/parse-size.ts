const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of `200MiB`, `8G`, `1.5GiB`; units are powers of 1024, a bare number is bytes. Undefined where it is none of these, or 0. */
export function parseSize(text: string): number | undefined {
	const match = /^(\d+(?:\.\d+)?)\s?(?:([kmgt])(?:i?b)?|b)?$/i.exec(text);
	if (match === null) return undefined;
	const bytes = Math.round(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1));
	return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
