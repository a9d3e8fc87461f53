import { readdirSync, readFileSync } from 'node:fs';

/** The limit of open files of this process, and how many of them are sockets; undefined where the system does not tell. */
export function openFiles() {
	try {
		const limits = readFileSync('/proc/self/limits', 'utf8');
		const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
		return { soft, hard, open: readdirSync('/proc/self/fd').length };
	} catch {
		return undefined;
	}
}
