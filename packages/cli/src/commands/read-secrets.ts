import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { ContainerBuilderError, type Secret } from '@olcf/container-builder-core/spec';
import type { Invocation } from '../invocation.js';
import { describeFileError } from './describe-file-error.js';

/** Most bytes of one: that the builder takes no more of all of them together is checked with the build. */
const MAX_BYTES = 524_288;
const FORM = 'Write id=ID,src=FILE or id=ID,env=NAME; id=ID alone takes the environment variable ID.';

type Surroundings = Pick<Invocation, 'environment' | 'directory'>;

/** The secrets that `--secret` names, in Docker's syntax. Messages have names only. */
export async function readSecrets(
	given: readonly string[],
	surroundings: Surroundings,
): Promise<readonly Secret[]> {
	const secrets: Secret[] = [];
	for (const text of given) secrets.push(await readSecret(text, surroundings));
	return secrets;
}

async function readSecret(text: string, { environment, directory }: Surroundings): Promise<Secret> {
	const { id, file, variable } = parseSecret(text);
	if (file !== undefined) return { id, value: await readSecretFile(id, file, directory) };
	const name = variable ?? id;
	const value = environment[name];
	if (value !== undefined) return { id, value };
	throw invalid(
		`--secret id=${id}: there is no environment variable ${name}`,
		variable === undefined ? `Name a file, id=${id},src=FILE, or export ${name}.` : `Export ${name} first.`,
	);
}

interface SecretSource {
	readonly id: string;
	readonly file?: string | undefined;
	readonly variable?: string | undefined;
}

/** `id=ID`, and of `src=FILE`, `env=NAME`, `type=file|env` what is there; with `type=env` docker takes `src` for the variable. */
function parseSecret(text: string): SecretSource {
	const fields = new Map<string, string>();
	for (const field of splitFields(text)) {
		const equals = field.indexOf('=');
		const given = field.slice(0, Math.max(equals, 0)).trim().toLowerCase();
		const key = given === 'source' ? 'src' : given;
		// Not quoted: who writes --secret PASSWORD must not find it in a log.
		if (!['id', 'src', 'env', 'type'].includes(key)) throw invalid('--secret is not understood', FORM);
		if (fields.has(key)) throw invalid(`--secret has ${key} twice`, FORM);
		fields.set(key, field.slice(equals + 1));
	}
	const id = fields.get('id') ?? '';
	if (id === '') throw invalid('--secret has no id', FORM);
	const type = fields.get('type');
	if (type !== undefined && type !== 'file' && type !== 'env') {
		throw invalid(`--secret id=${id}: there is no type ${type}`, 'There are file and env.');
	}
	const source = fields.get('src');
	const variable = fields.get('env');
	if (type === 'env' && variable === undefined) return { id, variable: source };
	if (source !== undefined && variable !== undefined) {
		throw invalid(`--secret id=${id} names both a file and an environment variable`, 'Name one of the two.');
	}
	if (type === 'file' && source === undefined)
		throw invalid(`--secret id=${id} is of type file, but names none`, FORM);
	return { id, file: source, variable };
}

/** Fields between commas; in double quotes, where a field has a comma itself: `"src=a,b"`. */
function splitFields(text: string): readonly string[] {
	return [...text.matchAll(/"((?:[^"]|"")*)"(?:,|$)|([^,]*)(?:,|$)/g)]
		.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
		.filter((field) => field !== '');
}

async function readSecretFile(id: string, name: string, directory: string): Promise<Uint8Array> {
	const chunks: Buffer[] = [];
	try {
		// A pipe will do, as the shell's <(…) makes one; what has no end will not.
		for await (const chunk of createReadStream(resolve(directory, name), { end: MAX_BYTES }))
			chunks.push(chunk);
	} catch (error) {
		const what = describeFileError(error as NodeJS.ErrnoException);
		throw invalid(`--secret id=${id}: ${name} ${what}`, 'Name a file that you may read.');
	}
	const value = Buffer.concat(chunks);
	if (value.byteLength <= MAX_BYTES) return value;
	throw invalid(
		`--secret id=${id}: ${name} is larger than ${MAX_BYTES / 1024} KiB`,
		'A secret is a password, a token or a key; larger files belong into the context.',
	);
}

function invalid(message: string, hint: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
