import {
	type BuildDeclaration,
	type ContainerBuilderError,
	type DsseEnvelope,
	type Lease,
	verifyProvenance,
} from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { declarationDigest } from '../../src/provenance/declaration.js';
import { freshSigner, SHA256 } from '../provenance/signed.js';
import { queueLives } from './queue-lives.js';
import { buildId, type QueueWorld, queueWorld, type WorldOptions } from './queue-world.js';
import type { ScriptedDaemon } from './scripted-daemon.js';

const declaration: BuildDeclaration = {
	definition: '11'.repeat(32),
	kind: 'apptainer',
	format: 'sif',
	arguments: {},
	secrets: [],
};
const debian = [{ reference: 'docker.io/library/debian:12', digest: `sha256:${'33'.repeat(32)}` }];
const forged = [{ reference: 'docker.io/library/debian:12', digest: `sha256:${'44'.repeat(32)}` }];
const started = { type: 'backend-start', backend: 'apptainer', command: [] } as const;
const image = { type: 'image', size: 5, sha256: SHA256 } as const;

async function leased(world: QueueWorld, declared: BuildDeclaration | undefined = declaration) {
	const checkout = world.queue.checkout({ buildId: buildId(1), declaration: declared });
	await world.advance(30_000);
	const lease = await world.leaseOf(checkout);
	const daemon = world.daemons.get(lease.builderId);
	if (daemon === undefined) throw new Error('there is no such daemon');
	return { lease, daemon };
}

describe('an attestation', () => {
	const signer = freshSigner();
	const worldOf = (more: WorldOptions['queue'] = {}): QueueWorld =>
		queueWorld({ queue: { signer, version: '9.9.9', ...more } });
	const read = async (envelope: DsseEnvelope) =>
		verifyProvenance(envelope, { sha256: SHA256, keys: [await signer.key()] }).statement.predicate;
	const built = async (world: QueueWorld, daemon: ScriptedDaemon, lease: Lease) => {
		for (const event of [started, image] as const) daemon.tell(event);
		daemon.report('built');
		await world.advance();
		return (await read(await lease.attest())).buildDefinition;
	};

	it('says who had what built where and when, from the queue’s own records', async () => {
		await using world = worldOf({ pool: { reserve: 1 } });
		void world.queue.start();
		await world.advance(60_000);
		const lease = await world.leaseOf(world.queue.checkout({ buildId: buildId(1), declaration }));
		const daemon = world.daemons.get(lease.builderId);
		if (daemon === undefined) throw new Error('there is no such daemon');
		expect(daemon.declarations).toEqual([declarationDigest(declaration, 'amd64')]);
		daemon.tell({ type: 'bases', bases: debian });
		daemon.tell(started);
		await world.advance(5_000);
		daemon.tell(image);
		await world.advance();
		const { buildDefinition, runDetails } = await read(await lease.attest());
		expect(buildDefinition.externalParameters).toEqual({ ...declaration, architecture: 'amd64' });
		expect(buildDefinition.internalParameters).toMatchObject({
			user: 'tester',
			pool: 'default',
			builderId: lease.builderId,
			builderReported: { backend: 'apptainer', privilege: 'user-namespace' },
		});
		expect(buildDefinition.resolvedDependencies.at(-1)?.digest).toEqual({ sha256: '33'.repeat(32) });
		expect(runDetails.builder).toEqual({ id: signer.builderId, version: { 'container-builder': '9.9.9' } });
		const { startedOn, finishedOn } = runDetails.metadata;
		expect(Date.parse(finishedOn) - Date.parse(startedOn)).toBe(5_000);
		expect(await world.queue.find(buildId(1))).not.toHaveProperty('facts');
	});

	it('takes bases from a builder only before its recipe runs, and only once', async () => {
		await using world = worldOf();
		const { lease, daemon } = await leased(world);
		daemon.tell({ type: 'bases', bases: debian });
		daemon.tell(started);
		daemon.tell({ type: 'bases', bases: forged });
		const { resolvedDependencies } = await built(world, daemon, lease);
		expect(JSON.stringify(resolvedDependencies)).toContain('33'.repeat(32));
		expect(JSON.stringify(resolvedDependencies)).not.toContain('44'.repeat(32));
	});

	it('takes what comes later, or over a connection made anew, as the builder’s word only', async () => {
		for (const unplug of [false, true]) {
			await using world = worldOf();
			const { lease, daemon } = await leased(world);
			if (unplug) {
				daemon.cut();
				await world.advance(30_000);
			} else daemon.tell(started);
			daemon.tell({ type: 'bases', bases: forged });
			await world.advance();
			const { resolvedDependencies, internalParameters } = await built(world, daemon, lease);
			expect(resolvedDependencies.map(({ name }) => name)).toEqual(['definition', 'builder-image']);
			expect(internalParameters.builderReported.bases?.[0]?.digest).toEqual({ sha256: '44'.repeat(32) });
		}
	});

	it('stands by the first image that was reported', async () => {
		await using world = worldOf();
		const { lease, daemon } = await leased(world);
		daemon.tell(image);
		daemon.tell({ ...image, sha256: 'ff'.repeat(32) });
		await built(world, daemon, lease);
	});

	it('is of the new builder where the first was lost', async () => {
		await using world = worldOf();
		const first = await leased(world);
		first.daemon.tell({ type: 'bases', bases: forged });
		first.daemon.tell(started);
		await world.advance();
		const replacing = first.lease.replace('builder-lost');
		await world.advance(60_000);
		const lease = await replacing;
		const daemon = world.daemons.get(lease.builderId);
		if (daemon === undefined) throw new Error('there is no such daemon');
		expect(daemon.declarations).toEqual([declarationDigest(declaration, 'amd64')]);
		const definition = await built(world, daemon, lease);
		expect(definition.internalParameters.builderId).toBe(lease.builderId);
		expect(JSON.stringify(definition)).not.toContain('44'.repeat(32));
	});

	it('knows after a kill of the queue what it knew before, and believes no more than before', async () => {
		await using lives = queueLives();
		const first = lives.begin({ signer });
		const checkout = first.queue.checkout({ buildId: buildId(1), declaration });
		await lives.advance(30_000);
		const { lease } = await checkout.granted;
		const daemon = lives.daemons.get(lease.builderId);
		daemon?.tell({ type: 'bases', bases: debian });
		daemon?.tell(started);
		await lives.advance();
		await first.crash();
		// The recipe has the builder by now, and tells all from the beginning.
		daemon?.tell({ type: 'bases', bases: forged });
		daemon?.tell(image);
		const second = lives.begin({ signer });
		await second.queue.start();
		await lives.advance(30_000);
		const { buildDefinition } = await read(await second.queue.lease(lease.id).attest());
		expect(buildDefinition.externalParameters).toEqual({ ...declaration, architecture: 'amd64' });
		expect(JSON.stringify(buildDefinition)).toContain('33'.repeat(32));
		expect(JSON.stringify(buildDefinition)).not.toContain('44'.repeat(32));
	});

	const codeOf = (promise: Promise<unknown>): Promise<string> =>
		promise.then(
			() => 'resolved',
			(error: ContainerBuilderError) => error.code,
		);
	it('is refused where there is no image, no declaration, no key, or another user asks', async () => {
		await using world = worldOf();
		const { lease } = await leased(world);
		expect(await codeOf(lease.attest())).toBe('not-found');
		expect(await codeOf((async () => world.queue.forUser('mallory').lease(lease.id).attest())())).toBe(
			'not-found',
		);
		const undeclared = world.queue.checkout({ buildId: buildId(2) });
		await world.advance(30_000);
		expect(await codeOf((await world.leaseOf(undeclared)).attest())).toBe('unsupported');

		await using unsigned = queueWorld();
		const checkout = unsigned.queue.checkout({ buildId: buildId(1), declaration });
		expect(await codeOf(checkout.granted)).toBe('unsupported');
		expect(await codeOf(unsigned.queue.provenanceKey())).toBe('unsupported');
	});
});
