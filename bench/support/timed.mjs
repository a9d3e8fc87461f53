import { spawn } from 'node:child_process';

/** Runs a program to its end, which must be a good one. Resolves with the milliseconds that it took. */
export function timed(program, args, { stdout = 'ignore', input, ...options } = {}) {
	return new Promise((resolve, reject) => {
		const began = performance.now();
		const child = spawn(program, args, { ...options, stdio: [input ?? 'ignore', stdout, 'pipe'] });
		let said = '';
		child.stderr.setEncoding('utf8').on('data', (text) => {
			said = (said + text).slice(-4_000);
		});
		child.once('error', reject);
		child.once('close', (status) => {
			if (status === 0) resolve(performance.now() - began);
			else reject(new Error(`${program} ${args.join(' ')} ended with ${status}: ${said}`));
		});
	});
}
