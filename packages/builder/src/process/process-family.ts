import { setTimeout as delay } from 'node:timers/promises';
import { hasEnvironment, listProcesses, type ProcessEntry, userOf } from './process-list.js';

/** How long processes may take to die of SIGKILL. */
const KILL_LIMIT_MS = 10_000;

/** By what one knows the processes of a build again. */
export interface FamilyMarks {
	/** The process that was started; leader of its session. */
	readonly leader: number;
	/** An entry of the environment that no other process has: `NAME=value`. */
	readonly environment: string;
	/** Users that run nothing but this build. */
	readonly ownUsers: ReadonlySet<number>;
}

/**
 * Everything that a backend has started: its session and the sessions of its children, also those that have left
 * both and were adopted by somebody else.
 */
export class ProcessFamily {
	readonly #marks: FamilyMarks;
	readonly #sessions: Set<number>;

	constructor(marks: FamilyMarks) {
		this.#marks = marks;
		this.#sessions = new Set([marks.leader]);
	}

	/** Counts a session in, whoever its processes' parents are. */
	addSession(session: number): void {
		this.#sessions.add(session);
	}

	/** Sends a signal once to every process but those in `spare`. */
	async signal(signal: NodeJS.Signals, spare?: number): Promise<void> {
		send(
			signal,
			(await this.#find()).filter(({ pid }) => pid !== spare),
		);
	}

	/** Kills until none is left, by group where possible: a fork bomb is faster than any list. */
	async kill(): Promise<void> {
		const until = performance.now() + KILL_LIMIT_MS;
		for (;;) {
			const found = await this.#find();
			if (found.length === 0 || performance.now() > until) return;
			send('SIGKILL', found);
			await delay(10);
		}
	}

	async #find(): Promise<readonly ProcessEntry[]> {
		const all = (await listProcesses()).filter(({ pid }) => pid !== process.pid && pid !== 1);
		const family = new Set<number>([this.#marks.leader]);
		const belongs = ({ pid, parent, session }: ProcessEntry): boolean =>
			family.has(pid) || family.has(parent) || this.#sessions.has(session);
		for (let before = -1; before !== family.size; ) {
			before = family.size;
			for (const entry of all) {
				if (!belongs(entry)) continue;
				family.add(entry.pid);
				if (entry.session !== 0 && entry.session === entry.pid) this.#sessions.add(entry.session);
			}
		}
		const strangers = all.filter(({ pid }) => !family.has(pid));
		const marked = await Promise.all(strangers.map((entry) => this.#isMarked(entry)));
		return [
			...all.filter(({ pid }) => family.has(pid)),
			...strangers.filter((_, index) => marked[index] === true),
		];
	}

	async #isMarked({ pid }: ProcessEntry): Promise<boolean> {
		const { environment, ownUsers } = this.#marks;
		if (await hasEnvironment(pid, environment)) return true;
		if (ownUsers.size === 0) return false;
		const user = await userOf(pid);
		return user !== undefined && ownUsers.has(user);
	}
}

/** To whole groups where the group is the processes' own, else one by one. */
function send(signal: NodeJS.Signals, targets: readonly ProcessEntry[]): void {
	const pids = new Set(targets.map(({ pid }) => pid));
	const done = new Set<number>();
	for (const { pid, group } of targets) {
		const target = pids.has(group) ? -group : pid;
		if (done.has(target)) continue;
		done.add(target);
		try {
			process.kill(target, signal);
		} catch {
			// Gone since it was listed.
		}
	}
}
