/** What is written about a machine when it is made: `meta.json` in its directory. */
export interface MachineMeta {
	readonly version: 1;
	readonly provider: string;
	readonly id: string;
	readonly owner: string;
	readonly builderId: string;
	readonly pool: string;
	readonly imageId: string;
	readonly labels: Readonly<Record<string, string>>;
	/** Milliseconds since the boot `bootId`: no clock that can be set. */
	readonly createdUptimeMs: number;
	readonly bootId: string;
	/** Whether it ends with the process that made it. */
	readonly tethered: boolean;
	/** Names in the cache's `trees` that it stands on. */
	readonly trees: readonly string[];
}

/** Reads it; undefined where it is not whole. */
export function parseMeta(text: string): MachineMeta | undefined {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return undefined;
	}
	return isMeta(value) ? value : undefined;
}

const TEXTS = ['provider', 'id', 'owner', 'builderId', 'pool', 'imageId', 'bootId'] as const;

function isMeta(value: unknown): value is MachineMeta {
	if (!isRecord(value) || value.version !== 1) return false;
	return (
		TEXTS.every((key) => typeof value[key] === 'string') &&
		typeof value.createdUptimeMs === 'number' &&
		typeof value.tethered === 'boolean' &&
		isRecord(value.labels) &&
		Object.values(value.labels).every((label) => typeof label === 'string') &&
		Array.isArray(value.trees) &&
		value.trees.every((tree) => typeof tree === 'string')
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
