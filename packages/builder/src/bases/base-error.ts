import { ContainerBuilderError, type RegistryLogin } from '@olcf/container-builder-core';
import { fileError } from '../build/disk-full.js';
import { SkopeoError } from './skopeo.js';

const REFUSAL =
	/\b(?:unauthorized|denied|forbidden|401|403)\b|authentication required|incorrect username or password/i;

/** Why a base could not be brought with a login, in words for its user. */
export function baseError(
	error: unknown,
	base: {
		readonly reference: string;
		readonly registry: string;
		readonly login: RegistryLogin;
		readonly whose: 'your' | "the site's";
	},
): ContainerBuilderError {
	if (!(error instanceof SkopeoError)) return fileError(error);
	const { reference, registry, login, whose } = base;
	const said = without(error.message, login);
	if (error.missing) {
		return new ContainerBuilderError(
			'unsupported',
			`this builder cannot log in to ${registry}, which ${reference} comes from: skopeo is not installed there`,
		);
	}
	if (isRefusal(error)) {
		return new ContainerBuilderError(
			'build-failed',
			`the registry ${registry} refuses ${reference} to ${whose} login`,
			{
				hint:
					whose === 'your'
						? 'Log in to the registry anew, or give another login for it (--authfile). Or look whether the name is right.'
						: 'Tell those who run the queue, or give a login of your own for it (--authfile).',
			},
		);
	}
	if (/no space left on device|disk quota exceeded/i.test(said)) {
		return new ContainerBuilderError(
			'resource-limit',
			`the disk of the builder is full: ${reference} did not fit`,
		);
	}
	const hint = /unknown|not found|\b404\b/i.test(said)
		? 'Look whether name and tag are right.'
		: 'Look whether the registry can be reached from where builds run.';
	return new ContainerBuilderError('build-failed', `the base ${reference} cannot be brought: ${said}`, {
		hint,
	});
}

/** Whether a registry has said that it is not for whoever asked. */
export function isRefusal(error: unknown): boolean {
	return error instanceof SkopeoError && REFUSAL.test(error.message);
}

/** skopeo tells no passwords; a registry could. */
function without(text: string, { password, identityToken }: RegistryLogin): string {
	let safe = text;
	for (const secret of [password, identityToken]) if (secret) safe = safe.replaceAll(secret, '…');
	return safe;
}
