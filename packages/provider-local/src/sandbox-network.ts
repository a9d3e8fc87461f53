import { readFile } from 'node:fs/promises';
import type { NetworkMode } from '@olcf/container-builder-core';
import { FORWARDED_NAMESERVER, networkRules, readHostNetwork } from '@olcf/container-builder-core/host';
import type { LocalOptions } from './local-options.js';

const HOSTS = '127.0.0.1 localhost builder\n::1 localhost ip6-localhost ip6-loopback\n';

/** The variables of the scripts that say what a sandbox's network is. */
export async function networkVariables(
	network: NetworkMode,
	options: Pick<LocalOptions, 'allow' | 'forward'>,
): Promise<Record<string, string>> {
	const none = {
		NETWORK: network,
		RULES: '',
		FORWARD: '',
		PASTA_OPTIONS: '',
		RESOLV_CONF: '',
		HOSTS,
		VARIABLES: '',
	};
	if (network === 'none') return none;
	if (network === 'shared') {
		const [resolver, hosts] = await Promise.all(
			['/etc/resolv.conf', '/etc/hosts'].map((path) => readFile(path, 'utf8').catch(() => '')),
		);
		const variables = proxyVariables(process.env).join('\n');
		return { ...none, RESOLV_CONF: resolver ?? '', HOSTS: `${HOSTS}${hosts ?? ''}`, VARIABLES: variables };
	}
	const host = await readHostNetwork();
	const nameservers = host.loopbackOnly ? [FORWARDED_NAMESERVER] : host.nameservers;
	return {
		...none,
		RULES: networkRules({ own: host.own, nameservers, allow: options.allow ?? [] }),
		FORWARD: (options.forward ?? []).join(' '),
		PASTA_OPTIONS: host.loopbackOnly ? `--dns-forward ${FORWARDED_NAMESERVER}` : '',
		RESOLV_CONF: [...nameservers.map((address) => `nameserver ${address}`), ...host.resolverOptions, ''].join(
			'\n',
		),
	};
}

/** The settings of a proxy that a process finds in its environment, as `NAME=VALUE`. */
export function proxyVariables(environment: NodeJS.ProcessEnv): readonly string[] {
	return ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy']
		.flatMap((name) => [name, name.toUpperCase()])
		.flatMap((name) => {
			const value = environment[name];
			return value === undefined || value === '' || value.includes('\n') ? [] : [`${name}=${value}`];
		});
}
