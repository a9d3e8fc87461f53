import type { ProvenanceKey, ProvenanceStatement } from '@olcf/container-builder-core';
import { harmless } from '../output/harmless.js';

/** What `cb-verify` prints: what is attested, and apart from it what only the builder has said. */
export function showProvenance(
	image: string,
	{ predicate, subject }: ProvenanceStatement,
	key: ProvenanceKey,
): string {
	const { externalParameters: asked, internalParameters, resolvedDependencies } = predicate.buildDefinition;
	const { builder, metadata } = predicate.runDetails;
	const { builderReported: said, user, pool, builderId } = internalParameters;
	const bases = resolvedDependencies.filter(({ name }) => name === 'base');
	const machine = resolvedDependencies.find(({ name }) => name === 'builder-image');
	const values = Object.entries(asked.arguments).map(([name, value]) => `${name}=${value}`);
	return [
		`${image}: verified`,
		...rows([
			['image', `sha256:${subject[0]?.digest.sha256}`],
			['signed by', `${builder.id} (key ${key.keyId})`],
			['came out of', `builder ${builderId} of pool ${pool}, for ${user}, build ${metadata.invocationId}`],
			['when', `${metadata.startedOn} to ${metadata.finishedOn}`],
			['definition', `${asked.kind}, sha256:${asked.definition}`],
			...(asked.context === undefined ? [] : [['context', `sha256:${asked.context}`] as const]),
			...(values.length === 0 ? [] : [['arguments', values.join(' ')] as const]),
			...(asked.target === undefined ? [] : [['target', asked.target] as const]),
			...(asked.secrets.length === 0 ? [] : [['secrets', asked.secrets.join(' ')] as const]),
			['architecture', asked.architecture],
			['builder image', decodeURIComponent(machine?.uri?.split(':')[1] ?? 'unknown')],
			...bases.map((base) => ['base', describeBase(base)] as const),
		]),
		'not verified, the builder alone says it:',
		...rows([
			['backend', said.backend ?? 'unknown'],
			['programs', said.backends.map(({ name, version }) => `${name} ${version}`).join(', ')],
			['privilege', said.privilege],
			...(said.bases ?? []).map((base) => ['base', describeBase(base)] as const),
		]),
	]
		.map((line) => `${harmless(line)}\n`)
		.join('');
}

function rows(entries: readonly (readonly [string, string])[]): string[] {
	return entries.map(([name, value]) => `  ${name.padEnd(14)}${value}`);
}

function describeBase({
	uri = '',
	digest = {},
}: {
	readonly uri?: string | undefined;
	readonly digest?: Readonly<Record<string, string>> | undefined;
}): string {
	const [entry = ['', '']] = Object.entries(digest);
	return `${uri.replace(/^docker:\/\//, '')} ${entry.join(':')}`;
}
