import { spawn } from 'node:child_process';

/** Runs a command with this process's streams; rejects with its line and status where it fails. */
export function run(command, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { stdio: 'inherit', ...options });
		child.on('error', reject);
		child.on('close', (code, signal) => {
			if (code === 0) resolve();
			else
				reject(
					Object.assign(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}`), {
						status: code ?? 1,
					}),
				);
		});
	});
}

/** Runs a command and gives what it said; never rejects for its status. */
export function capture(command, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
		let stdout = '';
		let stderr = '';
		child.stdout.setEncoding('utf8').on('data', (text) => {
			stdout += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text) => {
			stderr += text;
		});
		child.on('error', reject);
		child.on('close', (status) => resolve({ status: status ?? 1, stdout, stderr }));
	});
}
