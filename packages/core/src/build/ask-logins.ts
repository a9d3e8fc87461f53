import type { Recipe } from '../definition/recipe-types.js';
import { registryLoginsSchema } from '../protocol/builder-schemas.js';
import {
	type AbortOptions,
	type BuildInput,
	ContainerBuilderError,
	type RegistryLogin,
} from '../spec/index.js';

/** The logins that the bases need, and no others. */
export async function askLogins(
	logins: BuildInput['logins'],
	{ bases }: Pick<Recipe, 'bases'>,
	options: AbortOptions,
): Promise<readonly RegistryLogin[]> {
	if (logins === undefined) return [];
	const given = await logins([...new Set(bases.map(({ registry }) => registry))], options);
	const needed = given.filter(({ registry }) =>
		bases.some(({ reference }) => reference.startsWith(`${registry}/`)),
	);
	const { data, error } = registryLoginsSchema.safeParse(needed);
	if (data !== undefined) return data;
	const { path, message } = error.issues[0] ?? { path: [], message: 'not a list of logins' };
	const which = typeof path[0] === 'number' ? needed[path[0]]?.registry : undefined;
	throw new ContainerBuilderError(
		'invalid-option',
		`the login to ${which ?? 'a registry'} cannot be used: ${path.slice(1).join('.')}: ${message}`,
	);
}
