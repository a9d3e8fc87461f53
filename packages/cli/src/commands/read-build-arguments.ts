import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { Invocation } from '../invocation.js';
import { describeFileError } from './describe-file-error.js';

/** What `--build-arg` and `--build-arg-file` say. */
export interface BuildArgumentOptions {
	readonly 'build-arg'?: readonly string[] | undefined;
	readonly 'build-arg-file'?: readonly string[] | undefined;
}

/**
 * The values of a build's arguments: of the files, the later ones before the earlier, and before all of them of
 * `--build-arg`, the last one of a key. `KEY` alone takes the environment's value, and is nothing where there is none,
 * as with docker.
 */
export async function readBuildArguments(
	options: BuildArgumentOptions,
	{ environment, directory }: Pick<Invocation, 'environment' | 'directory'>,
): Promise<Record<string, string>> {
	const values: Record<string, string> = {};
	for (const name of options['build-arg-file'] ?? [])
		Object.assign(values, await readArgumentFile(name, directory));
	for (const argument of options['build-arg'] ?? []) {
		const equals = argument.indexOf('=');
		const key = equals < 0 ? argument : argument.slice(0, equals);
		if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
			throw new ContainerBuilderError('invalid-option', `--build-arg ${argument} is not KEY=VALUE`, {
				hint: 'A key has letters, digits and underscores; KEY alone takes the value of that environment variable.',
			});
		}
		const value = equals < 0 ? environment[key] : argument.slice(equals + 1);
		if (value !== undefined) values[key] = value;
	}
	return values;
}

async function readArgumentFile(name: string, directory: string): Promise<Readonly<Record<string, string>>> {
	const text = await readFile(resolve(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
		throw new ContainerBuilderError(
			'invalid-option',
			`--build-arg-file ${name} ${describeFileError(error)}`,
			{
				cause: error,
				hint: 'It is a text file with a KEY=VALUE on each line.',
			},
		);
	});
	const { parseArgumentFile } = await import('../index.js');
	const { arguments: values, problems } = parseArgumentFile(text);
	if (problems.length === 0) return values;
	const lines = problems.map(
		({ message, position }) => `${name}:${position.line}:${position.column}: ${message}`,
	);
	throw new ContainerBuilderError('invalid-option', lines.join('\n'));
}
