import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

/**
 * A host of the test's own: a network namespace, with a second one behind a cable that answers on addresses which
 * must never be asked for outside. No packet of it leaves this machine.
 */
export interface StandInHost {
	/** Words that run a command on the host: `ip netns exec NAME`. */
	readonly enter: readonly string[];
	/** The host's own address. */
	readonly own: string;
	/** Addresses that answer `here` by HTTP on port 80. */
	readonly linkLocal: string;
	readonly private: string;
	readonly public: string;
	close(): void;
}

const ANSWER = `require('node:http').createServer((_, response) => response.end('here\\n')).listen(80, '0.0.0.0', () => console.log('up'))`;

/** Makes both namespaces and starts the server. */
export async function standInHost(): Promise<StandInHost> {
	const host = `cbh-${process.pid}`;
	const far = `cbf-${process.pid}`;
	const ip = (...args: string[]): void =>
		void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
	ip('netns', 'add', host);
	ip('netns', 'add', far);
	ip('link', 'add', 'near0', 'netns', host, 'type', 'veth', 'peer', 'name', 'far0', 'netns', far);
	ip('-n', host, 'link', 'set', 'lo', 'up');
	ip('-n', far, 'link', 'set', 'lo', 'up');
	ip('-n', host, 'addr', 'add', '198.18.0.2/24', 'dev', 'near0');
	ip('-n', far, 'addr', 'add', '198.18.0.1/24', 'dev', 'far0');
	ip('-n', host, 'link', 'set', 'near0', 'up');
	ip('-n', far, 'link', 'set', 'far0', 'up');
	for (const address of ['169.254.169.254/32', '10.200.0.1/32', '198.51.100.7/32'])
		ip('-n', far, 'addr', 'add', address, 'dev', 'far0');
	ip('-n', host, 'route', 'add', 'default', 'via', '198.18.0.1');
	const servers = await Promise.all([serve(far), serve(host)]);
	return {
		enter: ['ip', 'netns', 'exec', host],
		own: '198.18.0.2',
		linkLocal: '169.254.169.254',
		private: '10.200.0.1',
		public: '198.51.100.7',
		close: () => {
			for (const server of servers) server.kill('SIGKILL');
			ip('netns', 'del', host);
			ip('netns', 'del', far);
		},
	};
}

function serve(namespace: string): Promise<ChildProcess> {
	const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', ANSWER], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', () => reject(new Error('the server of the stand-in host ended')));
		child.stdout.once('data', () => resolve(child));
	});
}
