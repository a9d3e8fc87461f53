import { cpus } from 'node:os';

/** Milliseconds that all cores were busy since the machine was started; what another one's host took counts too. */
export function machineBusyMs() {
	let busy = 0;
	for (const { times } of cpus()) busy += times.user + times.nice + times.sys + times.irq;
	return busy;
}
