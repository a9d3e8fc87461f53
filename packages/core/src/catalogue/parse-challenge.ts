/** What a `WWW-Authenticate` header asks for. */
export interface Challenge {
	/** Lower case; empty where there is none. */
	readonly scheme: string;
	readonly parameters: Readonly<Record<string, string>>;
}

/** Reads the first challenge of a `WWW-Authenticate` header (RFC 9110). */
export function parseChallenge(header: string): Challenge {
	const match = /^\s*([a-z0-9!#$%&'*+.^_`|~-]+)\s*(.*)$/is.exec(header);
	if (match === null) return { scheme: '', parameters: {} };
	const parameters: Record<string, string> = {};
	const pair = /([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;
	for (const [, name, quoted, plain] of (match[2] ?? '').matchAll(pair)) {
		const key = name?.toLowerCase() ?? '';
		// A second challenge may follow; what the first one said holds.
		parameters[key] ??= quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
	}
	return { scheme: match[1]?.toLowerCase() ?? '', parameters };
}
