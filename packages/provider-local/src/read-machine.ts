import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '@olcf/container-builder-core';
import { type MachineMeta, parseMeta } from './machine-meta.js';
import { currentBootId, isAlive, parseProcessList } from './process-list.js';
import { readLogTail } from './read-log.js';
import { socketPath, socketUrl } from './state-directory.js';

/** A machine's directory, read. */
export interface FoundMachine {
	/** Absent as long as, or if, it was never written. */
	readonly meta: MachineMeta | undefined;
	readonly state: Machine['state'];
	readonly fault: string | undefined;
	/** Somebody is still making it, or removing it. */
	readonly attended: boolean;
	/** Tied to a process that is dead, and nobody has seen to it. */
	readonly abandoned: boolean;
}

/** Which state the signs in a machine's directory stand for. */
export function machineState(signs: {
	readonly deleting: boolean;
	/** Undefined where it was never recorded. */
	readonly initAlive: boolean | undefined;
	readonly supervisorAlive: boolean;
}): 'creating' | 'running' | 'failed' | 'deleting' {
	if (signs.deleting) return 'deleting';
	if (signs.initAlive !== undefined) return signs.initAlive ? 'running' : 'failed';
	return signs.supervisorAlive ? 'creating' : 'failed';
}

/** Reads what there is about a machine; undefined where there is nothing. */
export async function readMachine(stateDirectory: string, id: string): Promise<FoundMachine | undefined> {
	const directory = join(stateDirectory, id);
	const [there, deleting, metaText, processText] = await Promise.all([
		exists(directory),
		exists(join(directory, 'deleting')),
		readFile(join(directory, 'meta.json'), 'utf8').catch(() => ''),
		readFile(join(directory, 'processes'), 'utf8').catch(() => ''),
	]);
	if (!there) return undefined;
	const list = parseProcessList(processText);
	const sameBoot = list.bootId === (await currentBootId());
	const init = list.processes.find(({ name }) => name === 'init');
	const lives = async (wanted: string): Promise<boolean> => {
		const process = list.processes.find(({ name }) => name === wanted);
		return process !== undefined && sameBoot && (await isAlive(process));
	};
	const initAlive = init && (await lives('init'));
	const supervisorAlive = await lives('supervisor');
	const meta = parseMeta(metaText);
	const state = machineState({ deleting, initAlive, supervisorAlive });
	return {
		meta,
		state,
		fault: state === 'failed' ? await faultOf(directory, init !== undefined) : undefined,
		attended: supervisorAlive,
		abandoned: meta?.tethered === true && !supervisorAlive && !(await lives('manager')),
	};
}

/** The machine as the interface has it. */
export function toMachine(stateDirectory: string, meta: MachineMeta, found: FoundMachine): Machine {
	return {
		id: meta.id,
		builderId: meta.builderId,
		owner: meta.owner,
		state: found.state,
		...(found.fault === undefined ? {} : { fault: found.fault }),
		endpoint: { url: socketUrl(socketPath(stateDirectory, meta.id)) },
		reach: 'host',
		imageId: meta.imageId,
		labels: meta.labels,
	};
}

async function faultOf(directory: string, started: boolean): Promise<string> {
	if (!started) return 'the process that was making it ended before it was done';
	const log = (await readLogTail(directory, 4096)).trimEnd().split('\n').slice(-10).join('\n');
	return log === '' ? 'its first process ended without a word' : log;
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
