import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePackages } from '../../scripts/support/prerequisites.mjs';
import { freePort } from '../support/free-port.mjs';
import { timed } from '../support/timed.mjs';

/** nginx with the files of a directory, on loopback, with TLS and without. */
export async function startNginx(directory) {
	await requirePackages({
		install: true,
		programs: { nginx: 'nginx-light', curl: 'curl', openssl: 'openssl' },
	});
	const [plain, secured] = [await freePort(), await freePort()];
	const at = (name) => join(directory, name);
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('nginx.key')];
	execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=bench', '-out', at('nginx.pem')], {
		stdio: 'ignore',
	});
	const server = (listen, more = '') => `server { listen 127.0.0.1:${listen}; root ${directory}; ${more} }`;
	const tls = `ssl_certificate ${at('nginx.pem')}; ssl_certificate_key ${at('nginx.key')};`;
	const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
		(name) => `${name}_temp_path ${at(`nginx-${name}`)};`,
	);
	writeFileSync(
		at('nginx.conf'),
		`daemon off; user root; pid ${at('nginx.pid')}; error_log stderr error; worker_processes 1;\nevents {}\n` +
			`http { access_log off; sendfile on; ${temporary.join(' ')}\n${server(plain)}\n${server(`${secured} ssl`, tls)}\n}\n`,
	);
	const child = spawn('nginx', ['-p', directory, '-c', at('nginx.conf')], {
		stdio: ['ignore', 'ignore', 'inherit'],
	});
	await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (status) => reject(new Error(`nginx has ended with ${status}`)));
		setTimeout(resolve, 300);
	});
	return {
		plain: `http://127.0.0.1:${plain}`,
		secured: `https://127.0.0.1:${secured}`,
		/** As one does who wants to be sure of what has come. */
		fetch: async (url, target) => ({
			ms: await timed('/bin/sh', ['-c', `curl -sfk -o "${target}" "${url}" && sha256sum "${target}"`]),
		}),
		close: async () => {
			child.kill('SIGTERM');
			await once(child, 'close');
		},
	};
}
