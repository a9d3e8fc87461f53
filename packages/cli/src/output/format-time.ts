/** `2026-11-26 18:03`, on this machine's clock. */
export function formatTime(epochMs: number): string {
	const date = new Date(epochMs);
	const two = (value: number): string => String(value).padStart(2, '0');
	const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
	return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
