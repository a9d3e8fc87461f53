import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ContainerBuilderError, type ProvenanceKey } from '@olcf/container-builder-core/spec';
import type { CommandMain } from '../invocation.js';
import { cbVerifyCommand } from '../options/cb-verify-options.js';
import { writeJson } from '../output/write-json.js';
import { ownQueueOwner } from '../own-queue.js';
import { queueAddress } from '../queue-address.js';
import { fileMissing } from './file-missing.js';
import { openQueue } from './open-queue.js';
import { readProvenance } from './read-provenance.js';
import { type CommandContext, runCommand } from './run-command.js';
import { showProvenance } from './show-provenance.js';

/** `cb-verify`. */
export const cbVerify: CommandMain = (invocation) => runCommand(cbVerifyCommand, invocation, verify);

type Context = CommandContext<typeof cbVerifyCommand.options>;

async function verify(context: Context): Promise<number> {
	const { values, positionals, invocation, signal } = context;
	const { directory, stdout } = invocation;
	const [name = ''] = positionals;
	const image = resolve(directory, name);
	const envelope = await readProvenance(resolve(directory, values.provenance ?? `${image}.intoto.jsonl`));
	const sha256 = await digestOf(image, signal);
	const definition =
		values.definition === undefined
			? undefined
			: await digestOf(resolve(directory, values.definition), signal);
	const keys = await trustedKeys(context);
	const { verifyProvenance } = await import('@olcf/container-builder-core');
	const { statement, key } = verifyProvenance(envelope, { sha256, keys });
	const built = statement.predicate.buildDefinition.externalParameters.definition;
	if (definition !== undefined && definition !== built) {
		throw new ContainerBuilderError('digest-mismatch', `${name} was not built from ${values.definition}`, {
			hint: `It was built from a definition with SHA-256 ${built}; the one given has ${definition}.`,
		});
	}
	if (values.json) writeJson(stdout, { status: 'verified', image: { path: image, sha256 }, key, statement });
	else stdout.write(showProvenance(name, statement, key));
	return 0;
}

/** Those of a file, or the one of the queue that is named, or the user's own. */
async function trustedKeys(context: Context): Promise<readonly ProvenanceKey[]> {
	const { values, invocation, configuration, signal, phases } = context;
	if (values.key !== undefined) {
		const path = resolve(invocation.directory, values.key);
		const text = await readFile(path, 'utf8').catch((error) => {
			throw fileMissing(path, error);
		});
		const { provenanceKeys } = await import('@olcf/container-builder-core');
		return provenanceKeys(text);
	}
	if (queueAddress(values, invocation.environment, configuration) === undefined) {
		const { ownSigner } = await import('@olcf/container-builder-queue');
		const signer = ownSigner({ owner: ownQueueOwner(), create: false }, invocation.environment);
		return [await signer.key()];
	}
	const { builder, host } = await openQueue(values, context);
	try {
		phases.start('Connecting to BuilderQueue');
		const key = await builder.queue.provenanceKey({ signal });
		phases.done(`Connected to queue: ${host}`);
		return [key];
	} finally {
		await builder.close();
	}
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
	const hash = createHash('sha256');
	try {
		await pipeline(createReadStream(path), hash, { signal });
	} catch (error) {
		throw signal.aborted ? error : fileMissing(path, error as NodeJS.ErrnoException);
	}
	return hash.digest('hex');
}
