import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, type Machine, type Removed } from '@olcf/container-builder-core';
import { endGroup } from './end-group.js';
import { isMachineDirectory } from './machine-directory.js';
import { type MachineRecord, machineFiles, readRecord, writeRecord } from './machine-record.js';
import { misconfigured } from './misconfigured.js';
import { isRunning, type ProcessIdentity, processIdentity } from './process-identity.js';

/** The kernel's limit for the path of a unix socket, and the longest that comes behind the directory. */
const MAX_DIRECTORY_BYTES = 107 - '/0123456789abcdef/qmp'.length;
const GOING = '.going-';
/** A directory gets its record at once; what has none for so long was left by a process that was killed. */
const UNRECORDED_MS = 60_000;

/** The machines of a state directory, whichever process made them: a directory each. */
export class MachineStore {
	readonly #directory: string;
	readonly #own = new Set<string>();

	private constructor(directory: string) {
		this.#directory = directory;
	}

	/** Rejects with `provider-misconfigured` where the directory cannot be used. */
	static async open(directory: string): Promise<MachineStore> {
		if (Buffer.byteLength(directory) > MAX_DIRECTORY_BYTES) {
			throw misconfigured(
				`the state directory ${directory} is too long: a socket in it would have a path of more than 107 bytes`,
				'Set stateDirectory to a shorter path.',
			);
		}
		try {
			await mkdir(directory, { recursive: true, mode: 0o700 });
			const { uid, mode } = await stat(directory);
			if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
				throw misconfigured(
					`${directory} is not a directory of yours alone`,
					`Choose another stateDirectory, or: chmod 700 ${directory}`,
				);
			}
		} catch (cause) {
			if (cause instanceof ContainerBuilderError) throw cause;
			throw misconfigured(
				`the state directory ${directory} cannot be used`,
				'Choose another stateDirectory.',
				cause,
			);
		}
		return new MachineStore(directory);
	}

	/** The directory of a machine, by the machine's id or the directory's name. */
	directoryOf(id: string): string {
		const [name = ''] = id.split('-');
		return join(this.#directory, isMachineDirectory(name) ? name : 'none');
	}

	/** Makes a machine's directory with its first record; undefined where there is one already. */
	async claim(name: string, record: Omit<MachineRecord, 'maker'>): Promise<MachineRecord | undefined> {
		const maker = await processIdentity(process.pid);
		if (maker === undefined) throw misconfigured('/proc does not show this process');
		try {
			await mkdir(join(this.#directory, name), { mode: 0o700 });
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
			throw error;
		}
		this.#own.add(name);
		const whole = { ...record, maker };
		await writeRecord(join(this.#directory, name), whole);
		return whole;
	}

	/** The machine of a directory; undefined where there is none. */
	async find(name: string): Promise<Machine | undefined> {
		const directory = join(this.#directory, name);
		const record = await readRecord(directory);
		return record === undefined ? undefined : await asMachine(directory, record);
	}

	async list(owner: string): Promise<readonly Machine[]> {
		const found = await Promise.all((await this.#names()).map((name) => this.find(name)));
		return found.flatMap((machine) => (machine?.owner === owner ? [machine] : []));
	}

	/** Kills a machine's processes, waits until they are gone, and removes what it had. */
	async remove(name: string): Promise<void> {
		const directory = join(this.#directory, name);
		const record = await readRecord(directory);
		const processes = [
			record?.process,
			await pidOf(directory, 'pid', 'qmp'),
			await pidOf(directory, 'networkPid', 'network'),
		];
		for (const found of processes) {
			if (found !== undefined && (await isRunning(found))) await endGroup(found.group);
		}
		this.#own.delete(name);
		// In one step, so that nobody finds half of it, and two that remove it do not meet.
		const going = join(this.#directory, `${GOING}${name}-${process.pid}-${performance.now()}`);
		try {
			await rename(directory, going);
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
			throw error;
		}
		await rm(going, { recursive: true, force: true, maxRetries: 5 });
	}

	/** Removes the machines that were made here, dead or alive. */
	async removeOwn(): Promise<void> {
		await Promise.all([...this.#own].map((name) => this.remove(name)));
	}

	async sweep(filter: {
		readonly owner: string;
		readonly keep: ReadonlySet<string>;
		readonly olderThanMs: number;
	}): Promise<readonly Removed[]> {
		const removed: Removed[] = [];
		// What a process left that was killed in the middle of a removal.
		for (const name of await readdir(this.#directory)) {
			if (name.startsWith(GOING)) await rm(join(this.#directory, name), { recursive: true, force: true });
		}
		for (const name of await this.#names()) {
			const record = await readRecord(join(this.#directory, name));
			if (record === undefined && (await isOlderThan(join(this.#directory, name), UNRECORDED_MS))) {
				await this.remove(name);
				removed.push({ kind: 'directory', id: name });
			}
			if (record?.owner !== filter.owner || filter.keep.has(record.builderId)) continue;
			if (Date.now() - Date.parse(record.createdAt) < filter.olderThanMs) continue;
			await this.remove(name);
			removed.push({ kind: 'machine', id: record.id });
		}
		return removed;
	}

	async #names(): Promise<readonly string[]> {
		return (await readdir(this.#directory)).filter(isMachineDirectory);
	}
}

async function isOlderThan(path: string, milliseconds: number): Promise<boolean> {
	const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
	return Date.now() - mtimeMs > milliseconds;
}

async function asMachine(directory: string, record: MachineRecord): Promise<Machine> {
	const { maker, createdAt, process, ...machine } = record;
	if (process !== undefined && (await isRunning(process))) return { ...machine, state: 'running' };
	if (process === undefined && (await isRunning(maker))) return { ...machine, state: 'creating' };
	return { ...machine, state: 'failed', fault: await lastWords(directory) };
}

/** What the console or QEMU said last. */
async function lastWords(directory: string): Promise<string> {
	for (const name of [machineFiles.log, machineFiles.console]) {
		const text = await readFile(join(directory, name), 'utf8').catch(() => '');
		const line = text.trim().split('\n').at(-1)?.trim();
		if (line) return `the machine has ended: ${line.slice(-500)}`;
	}
	return 'the machine has ended';
}

/** A process by the file that it has written its number to, and by a socket of this machine that its command line names. */
async function pidOf(
	directory: string,
	file: 'pid' | 'networkPid',
	socket: 'qmp' | 'network',
): Promise<ProcessIdentity | undefined> {
	const pid = Number(await readFile(join(directory, machineFiles[file]), 'utf8').catch(() => ''));
	if (!(pid > 0)) return undefined;
	const found = await processIdentity(pid);
	const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
	// The number may be somebody else's by now.
	return line.includes(join(directory, machineFiles[socket])) ? found : undefined;
}
