import { Qmp, type RunState } from './qmp.js';

/**
 * The state of a machine, by what QEMU says at the socket of its machine protocol; undefined where it does not answer. It
 * greets there before its devices are made, but answers commands from its main loop only.
 */
export async function runState(path: string, timeoutMs = 1_000): Promise<RunState | undefined> {
	let qmp: Qmp | undefined;
	try {
		qmp = await Qmp.connect(path, { timeoutMs });
		return (await qmp.execute('query-status')).status;
	} catch {
		return undefined;
	} finally {
		qmp?.close();
	}
}
