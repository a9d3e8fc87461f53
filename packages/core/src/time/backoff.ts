/** How pauses grow. */
export interface BackoffOptions {
	/** Milliseconds of the first pause. */
	readonly firstMs: number;
	/** Milliseconds that no pause exceeds. */
	readonly maxMs: number;
	/** @default 2 */
	readonly factor?: number | undefined;
}

/** The pause after `failures` failures in a row, in milliseconds; 0 where nothing has failed. */
export function backoffMs(failures: number, { firstMs, maxMs, factor = 2 }: BackoffOptions): number {
	return failures <= 0 ? 0 : Math.min(maxMs, firstMs * factor ** (failures - 1));
}
