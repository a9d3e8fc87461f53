const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `812 bytes`, `1.4 MiB`. */
export function formatSize(bytes: number): string {
	if (bytes < 1024) return `${bytes} byte${bytes === 1 ? '' : 's'}`;
	let value = bytes / 1024;
	let unit = 0;
	while (value >= 1023.95 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${value.toFixed(1)} ${UNITS[unit]}`;
}
