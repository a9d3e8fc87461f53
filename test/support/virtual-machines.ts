import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVmImage, type VmImage } from '@olcf/container-builder-builder';
import type { MachineRequest } from '@olcf/container-builder-core';
import { root } from './command.js';

/** The image of this checkout, made where it is missing. */
export async function vmImage(): Promise<VmImage> {
	const daemon = join(root, 'packages/cli/dist/cb-builder.mjs');
	return await makeVmImage({ daemon, format: 'raw', allowExpiredRelease: true });
}

/** A machine that gets up to where its daemon finds its bootstrap wanting. */
export function vmRequest(builderId: string, changes: Partial<MachineRequest> = {}): MachineRequest {
	return {
		...{ builderId, owner: 'tests', pool: 'tests', architecture: 'amd64', network: 'none', labels: {} },
		...{ bootstrap: Buffer.from('{}'), lifetimeMs: 600_000 },
		...changes,
	};
}

/** Processes that carry a machine in one of these directories, or its packets. */
export function carriers(directory: string): string[] {
	return readdirSync('/proc').filter((pid) => {
		try {
			const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
			return line.includes(`${directory}/`);
		} catch {
			return false;
		}
	});
}

/** What is on the disk of a directory. */
export function kilobytesOf(path: string): number {
	return Number(execFileSync('du', ['-sk', path]).toString().split('\t')[0]);
}
