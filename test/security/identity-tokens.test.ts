import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, type Issuer, startIssuer } from '../../packages/queue/test/issuer.js';
import { type CommandResult, runCommand } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { scratchRecipe } from '../support/recipes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A real queue, and tokens as GitLab gives them to jobs and Keycloak to people, signed by issuers that run here. */
describe('tokens of OpenID Connect issuers', () => {
	const place = temporaryDirectory();
	let gitlab: Issuer;
	let keycloak: Issuer;
	let queue: GuardedQueue;
	beforeAll(async () => {
		[gitlab, keycloak] = [await startIssuer(), await startIssuer()];
		const issuers = [
			`{ issuer: '${gitlab.url}', audience: ${AUDIENCE}, user: user_login, require: { project_path: 'olcf/*', ref_protected: 'true' } }`,
			`{ issuer: '${keycloak.url}', audience: ${AUDIENCE}, user: preferred_username, userPrefix: 'site-', groups: [realm_access.roles] }`,
		];
		queue = await guardedQueue(place, {
			owner: 'identity',
			authentication: `, jwt: [${issuers.join(', ')}]`,
			lines: 'users: { byGroup: { operators: { operator: true } } }\n',
		});
		place.write('app.def', scratchRecipe('%post\n    echo built'));
	});
	afterAll(async () => {
		await queue.close();
		await Promise.all([gitlab.close(), keycloak.close()]);
	});
	const as = (token: string, name: string, ...args: string[]): Promise<CommandResult> =>
		runCommand(name, args, { cwd: place.path, environment: queue.environment(token) });
	const job = { user_login: 'alice', project_path: 'olcf/images', ref_protected: 'true' };

	it('let a job of a protected branch build, in the name of who has started it', async () => {
		const built = await as(await gitlab.sign(job), 'container-builder', 'job.sif', 'app.def');
		expect(built.status, built.stderr).toBe(0);
		expect(queue.audited()).toContainEqual(
			expect.objectContaining({ audit: 'checkout', user: 'alice', method: 'jwt' }),
		);
	});

	it('let people in with the roles that they have', async () => {
		const token = await keycloak.sign({
			preferred_username: 'oscar',
			realm_access: { roles: ['operators'] },
		});
		expect((await as(token, 'cb-status', '--all')).status).toBe(0);
		const nobody = await keycloak.sign({ preferred_username: 'alice', realm_access: { roles: [] } });
		expect((await as(nobody, 'cb-status', '--all')).stderr).toMatch(/^error: site-alice may not see/m);
	});

	it.each<[string, () => Promise<string>]>([
		['of another project', () => gitlab.sign({ ...job, project_path: 'mallory/images' })],
		['of a branch that anybody can push to', () => gitlab.sign({ ...job, ref_protected: 'false' })],
		['for another service', () => gitlab.sign({ ...job, aud: 'another' })],
		['that is over', () => gitlab.sign({ ...job, exp: Math.floor(Date.now() / 1_000) - 600 })],
		['that the other issuer has signed', () => keycloak.sign({ ...job, iss: gitlab.url })],
	])('refuse one %s', async (_name, make) => {
		const refused = await as(await make(), 'container-builder', 'none.sif', 'app.def');
		expect(refused.status, refused.stderr).toBe(3);
		expect(refused.stderr).toMatch(/^error: /m);
		expect(existsSync(join(place.path, 'none.sif'))).toBe(false);
	});
});
