import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand, startProcess } from '../support/command.js';
import { type GuardedQueue, guardedQueue } from '../support/guarded-queue.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A queue with the certificate of a site's own authority, on IPv6, as its users see it and as a stranger does. */
describe('a queue with a certificate of the site', () => {
	const place = temporaryDirectory();
	const at = (name: string): string => join(place.path, name);
	const openssl = (...words: string[]): void =>
		void execFileSync('openssl', words, { cwd: place.path, stdio: 'pipe' });
	let queue: GuardedQueue;
	let alice = '';
	beforeAll(async () => {
		const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
		for (const name of ['site', 'other']) {
			openssl(
				'req',
				'-x509',
				...key,
				'-keyout',
				`${name}-ca.key`,
				'-subj',
				`/CN=${name}`,
				'-out',
				`${name}-ca.pem`,
			);
		}
		openssl('req', ...key, '-keyout', 'queue.key', '-subj', '/CN=queue', '-out', 'queue.csr');
		place.write('names', 'subjectAltName=DNS:localhost,IP:::1\n');
		const authority = ['-CA', 'site-ca.pem', '-CAkey', 'site-ca.key', '-CAcreateserial'];
		openssl('x509', '-req', '-in', 'queue.csr', ...authority, '-extfile', 'names', '-out', 'queue.pem');
		queue = await guardedQueue(place, {
			owner: 'site',
			listen: '[::1]:0',
			tls: '{ certificate: queue.pem, key: queue.key }',
		});
		alice = await queue.token('add', 'alice');
	});
	afterAll(() => queue.close());
	const ask = (environment: Record<string, string>, ...words: string[]): Promise<CommandResult> =>
		runCommand('cb-status', [...words, '--queue', queue.url], {
			cwd: place.path,
			environment: { CONTAINER_BUILDER_TOKEN: alice, XDG_STATE_HOME: at('state'), ...environment },
		});

	it('is trusted by who knows the authority, and by nobody else', async () => {
		expect(queue.url).toMatch(/^wss:\/\/\[::1\]:\d+$/);
		for (const [environment, words] of [
			[{}, ['--queue-ca', 'site-ca.pem']],
			[{ CONTAINER_BUILDER_QUEUE_CA: at('site-ca.pem') }, []],
			[{ NODE_EXTRA_CA_CERTS: at('site-ca.pem') }, []],
		] as const) {
			const { status, stderr } = await ask(environment, ...words);
			expect(status, stderr).toBe(0);
		}
		place.write('config.yaml', `queues:\n  site: { url: '${queue.url}', ca: site-ca.pem }\n`);
		const named = await runCommand('cb-status', ['--queue', 'site', '--config', at('config.yaml')], {
			environment: { CONTAINER_BUILDER_TOKEN: alice },
		});
		expect(named.status, named.stderr).toBe(0);
		for (const words of [[], ['--queue-ca', 'other-ca.pem']]) {
			const { status, stderr } = await ask({}, ...words);
			expect(status).toBe(3);
			expect(stderr).toMatch(/^error: the certificate of wss:\/\/\[::1\]:\d+ is not trusted: /m);
		}
		for (const [file, message] of [
			['nowhere.pem', 'does not exist'],
			['queue.key', 'there is no certificate in'],
		] as const) {
			const { status, stderr } = await ask({}, '--queue-ca', file);
			expect(status).toBe(2);
			expect(stderr).toContain(message);
		}
	});

	const stranger = (...words: string[]): Promise<CommandResult> =>
		startProcess('openssl', ['s_client', '-connect', new URL(queue.url).host, ...words], {
			cwd: place.path,
			input: 'GET /container-builder/v1/queue HTTP/1.1\r\nHost: x\r\n\r\n',
		}).ended;

	it('shows a stranger its certificate, and speaks no old or weak TLS', async () => {
		const now = await stranger('-CAfile', 'site-ca.pem', '-verify_return_error', '-ign_eof');
		expect(now.status, now.stderr).toBe(0);
		expect(now.stdout).toMatch(/Protocol *: TLSv1\.3|New, TLSv1\.3/);
		expect(now.stdout).toContain('Verify return code: 0 (ok)');
		expect(now.stdout).toContain('HTTP/1.1 ');
		expect(now.stdout).not.toContain('101 Switching');
		expect((await stranger('-tls1_2', '-CAfile', 'site-ca.pem')).stdout).toMatch(/New, TLSv1\.2/);
		const weak = [
			['-tls1_1'],
			['-tls1'],
			['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'],
			['-tls1_2', '-cipher', 'RC4:3DES:@SECLEVEL=0'],
		];
		for (const words of weak) {
			const refused = await stranger('-legacy_server_connect', ...words);
			expect(refused.status, words.join(' ')).not.toBe(0);
			expect(refused.stdout, words.join(' ')).not.toMatch(/^New, TLSv1/m);
		}
	});
});
