import { type RegistryLogin, registryOfAuthKey } from '@olcf/container-builder-core';

/**
 * The login for an image of this name (`registry.example/team/base`): the one whose registry and path are the longest
 * that the name begins with.
 */
export function chooseLogin(logins: readonly RegistryLogin[], name: string): RegistryLogin | undefined {
	const wanted = name.toLowerCase();
	let found: { readonly login: RegistryLogin; readonly length: number } | undefined;
	for (const login of logins) {
		const prefix = registryOfAuthKey(login.registry);
		const matches = wanted === prefix || wanted.startsWith(`${prefix}/`);
		if (matches && prefix.length > (found?.length ?? 0)) found = { login, length: prefix.length };
	}
	return found?.login;
}
