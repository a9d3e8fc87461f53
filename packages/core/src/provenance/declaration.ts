import { createHash } from 'node:crypto';
import type { Architecture, BuildDeclaration, BuildRequest } from '../spec/index.js';

/** What a request declares: of what is secret only the ids. */
export function declarationOf(
	request: Omit<BuildRequest, 'architecture' | 'secrets'>,
	secretIds: readonly string[],
): BuildDeclaration {
	const { definition, kind, backend, format, compression, target, context } = request;
	return {
		definition: createHash('sha256').update(definition).digest('hex'),
		kind,
		format,
		arguments: request.arguments,
		secrets: [...secretIds].sort(),
		...(backend === undefined ? {} : { backend }),
		...(compression === undefined ? {} : { compression }),
		...(target === undefined ? {} : { target }),
		...(context === undefined ? {} : { context: context.digest }),
	};
}

/** SHA-256 of a declaration, the same wherever it is computed: by it a builder is held to what its queue was told. */
export function declarationDigest(declaration: BuildDeclaration, architecture: Architecture): string {
	const { definition, kind, backend, format, compression, target, secrets, context } = declaration;
	const values = Object.entries(declaration.arguments).sort(([a], [b]) => (a < b ? -1 : 1));
	const all = [
		architecture,
		definition,
		kind,
		backend,
		format,
		compression,
		target,
		values,
		secrets,
		context,
	];
	return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}
