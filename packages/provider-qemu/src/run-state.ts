import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** The commands of the machine protocol: https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html */
const ASK = ['qmp_capabilities', 'query-status']
	.map((execute) => `${JSON.stringify({ execute })}\n`)
	.join('');

/**
 * Whether the machine runs, by what QEMU says at the socket of its machine protocol. It greets there before its devices
 * are made, but answers commands from its main loop only.
 */
export function runs(path: string, timeoutMs = 1_000): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		const settle = (answer: boolean): void => {
			socket.destroy();
			resolve(answer);
		};
		socket.setTimeout(timeoutMs, () => settle(false));
		socket.once('error', () => settle(false));
		socket.once('close', () => settle(false));
		socket.once('connect', () => socket.write(ASK));
		createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
			.on('error', () => settle(false))
			.on('line', (line) => {
				const { return: result } = JSON.parse(line) as { return?: { status?: string; running?: boolean } };
				if (result?.status !== undefined) settle(result.running === true);
			});
	});
}
