import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requirePackages } from '../../scripts/support/prerequisites.mjs';
import { freePort } from '../support/free-port.mjs';

/** An ssh server on loopback for whoever runs this, with keys of its own; `command` is what reaches it. */
export async function startSshd(place) {
	const at = (name) => join(place, name);
	const port = await freePort();
	await requirePackages({
		install: true,
		programs: { sshd: 'openssh-server', ssh: 'openssh-client', 'ssh-keygen': 'openssh-client', zstd: 'zstd' },
	});
	for (const name of ['host-key', 'user-key']) {
		execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
	}
	// What Debian's server wants to find as root.
	if (process.getuid() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
	writeFileSync(
		at('sshd.conf'),
		[
			...[`ListenAddress 127.0.0.1`, `Port ${port}`, `HostKey ${at('host-key')}`, `PidFile none`],
			...[
				`AuthorizedKeysFile ${at('user-key.pub')}`,
				'StrictModes no',
				'UsePAM no',
				'PermitRootLogin yes',
				'',
			],
		].join('\n'),
	);
	const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd.conf')], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		said = (said + text).slice(-2_000);
	});
	while (!(await answers(port))) {
		if (child.exitCode !== null) throw new Error(`sshd has ended with ${child.exitCode}: ${said}`);
		await setTimeout(50);
	}
	const options = [
		'StrictHostKeyChecking=no',
		'UserKnownHostsFile=/dev/null',
		'LogLevel=ERROR',
		'BatchMode=yes',
	];
	return {
		command: `ssh -F none -p ${port} -i ${at('user-key')} ${options.map((option) => `-o ${option}`).join(' ')} ${userInfo().username}@127.0.0.1`,
		close: async () => {
			if (child.exitCode !== null) return;
			child.kill('SIGTERM');
			await once(child, 'close');
		},
	};
}

function answers(port) {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => resolve(true) ?? socket.destroy());
		socket.once('error', () => resolve(false));
	});
}
