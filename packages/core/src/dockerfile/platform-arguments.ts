import type { Architecture } from '../spec/index.js';
import type { VariableValue } from './expand-word.js';

/** What Docker and buildah set without being asked: the platform of the image, and that of the machine. */
export function platformArguments(
	architecture: Architecture | undefined,
): ReadonlyMap<string, VariableValue> {
	// Which machine it will be is not known, and to arm64 some add a variant.
	return new Map<string, VariableValue>([
		['TARGETOS', 'linux'],
		['TARGETARCH', architecture ?? null],
		[
			'TARGETPLATFORM',
			architecture === undefined || architecture === 'arm64' ? null : `linux/${architecture}`,
		],
		['TARGETVARIANT', architecture === undefined || architecture === 'arm64' ? null : ''],
		['BUILDOS', 'linux'],
		['BUILDARCH', null],
		['BUILDPLATFORM', null],
		['BUILDVARIANT', null],
	]);
}

/** Build arguments that need no `ARG`. */
export const PREDEFINED_ARGUMENTS: ReadonlySet<string> = new Set([
	...platformArguments(undefined).keys(),
	...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
		name,
		name.toLowerCase(),
	]),
	'SOURCE_DATE_EPOCH',
]);
