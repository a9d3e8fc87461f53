import { createHash } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { declarationOf } from '../../src/provenance/declaration.js';
import { signStatement } from '../../src/provenance/sign-statement.js';
import { HELLO, makeWorld } from '../fixtures/world.js';
import { freshSigner, statement } from '../provenance/signed.js';

const image = Buffer.from('an image');
const sha256 = createHash('sha256').update(image).digest('hex');

describe('a build with a provenance', async () => {
	const signer = freshSigner();
	const envelope = await signStatement(statement({ image: { size: image.length, sha256, at: 0 } }), signer);
	const site = async () => {
		const world = await makeWorld();
		world.builder.script = () => world.builder.succeed(image, '');
		world.queue.provenanceKey = () => signer.key();
		world.queue.attest = async () => envelope;
		const build = (options = {}, input = {}) =>
			world.client.build(
				{ definition: 'hello.def', image: 'hello.sif', ...input },
				{ directory: world.directory, provenance: true, ...options },
			);
		const file = join(world.directory, 'hello.sif.intoto.jsonl');
		return { ...world, build, file };
	};

	it('declares what it builds, and puts the provenance beside the image', async () => {
		const { queue, builder, build, file } = await site();
		const { provenance } = await build({}, { secrets: [{ id: 'token', value: 'x' }] });
		expect(provenance).toEqual({ path: file, envelope });
		expect(await readFile(file, 'utf8')).toBe(`${JSON.stringify(envelope)}\n`);
		expect(queue.requests[0]?.declaration).toMatchObject({
			definition: createHash('sha256').update(HELLO).digest('hex'),
			secrets: ['token'],
		});
		if (builder.request === undefined) throw new Error('nothing was built');
		expect(queue.requests[0]?.declaration).toEqual(declarationOf(builder.request, ['token']));
	});

	it('says nothing where none is wanted', async () => {
		const { queue, build, file } = await site();
		expect(await build({ provenance: false })).not.toHaveProperty('provenance');
		expect(queue.requests[0]).not.toHaveProperty('declaration');
		await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it('gives it where the image is no file, too', async () => {
		const { build } = await site();
		const writable = new WritableStream<Uint8Array>();
		expect((await build({}, { image: { writable } })).provenance).toEqual({ envelope });
	});

	it('is refused before anything is asked for where there is one already, or nobody who signs', async () => {
		const { queue, build, file } = await site();
		await writeFile(file, 'of an older image');
		await expect(build()).rejects.toMatchObject({ code: 'image-exists' });
		expect(await readFile(file, 'utf8')).toBe('of an older image');
		queue.provenanceKey = async () => {
			throw new Error('no key');
		};
		await expect(build({ force: true })).rejects.toThrow('no key');
		expect(queue.requests).toEqual([]);
		queue.provenanceKey = () => signer.key();
		await build({ force: true });
		expect(await readFile(file, 'utf8')).toContain(envelope.payload);
	});

	it.each([
		['of another image', async () => await signStatement(statement(), signer), 'digest-mismatch'],
		['that another has signed', async () => await signStatement(statement(), freshSigner()), 'forbidden'],
		[
			'that cannot be had',
			async () => {
				throw new Error('the queue has burnt down');
			},
			'internal',
		],
		[
			'whose builder is lost meanwhile',
			async () => {
				throw new ContainerBuilderError('builder-lost', 'it is gone');
			},
			'builder-lost',
		],
	] as const)('does not take one %s, and keeps the image', async (_name, attest, code) => {
		const { queue, build, file, directory } = await site();
		queue.attest = attest;
		await expect(build({ retryLost: true })).rejects.toMatchObject({
			code,
			build: { attempts: 1 },
			message: expect.stringMatching(/^there is no provenance: /),
			hint: expect.stringContaining('The image itself is built and whole.'),
		});
		expect(image.equals(await readFile(join(directory, 'hello.sif')))).toBe(true);
		await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
	});
});
