import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type RunningCommand, root, startProcess } from './command.js';

/** Another host, as far as the network goes, and the sockets of builders: a namespace of its own, with one cable to this machine. */
export interface OtherHost {
	/** This machine's end of the cable. */
	readonly address: string;
	/** Starts a built command there. */
	start(
		name: string,
		args: readonly string[],
		options: { readonly cwd: string; readonly environment: Readonly<Record<string, string>> },
	): RunningCommand;
	/** Pulls the cable out, or puts it in again. */
	plug(isIn: boolean): void;
	/** Loses so many per cent of the packets, each way. */
	lose(percent: number): void;
	/** Loses all that it sends (`output`), or all that is sent to it (`input`); undefined: nothing. */
	mute(way: 'input' | 'output' | undefined): void;
	/** Has another address from now on; the old one is gone, and what was connected with it. */
	move(): void;
	close(): void;
}

/** Makes it; root only. `number` (1 to 250) keeps those apart that are there at the same time. */
export function otherHost(number: number): OtherHost {
	const name = `cb-other-${number}`;
	const [here, there] = [`cbo${number}a`, `cbo${number}b`];
	const net = `10.231.${number}`;
	let host = 2;
	const ip = (...words: string[]): void => void execFileSync('ip', words, { stdio: 'pipe' });
	const inside = (...words: string[]): void => ip('netns', 'exec', name, ...words);
	ip('netns', 'add', name);
	ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
	ip('address', 'add', `${net}.1/24`, 'dev', here);
	ip('link', 'set', here, 'up');
	inside('ip', 'address', 'add', `${net}.${host}/24`, 'dev', there);
	inside('ip', 'link', 'set', there, 'up');
	inside('ip', 'link', 'set', 'lo', 'up');
	/** One table of rules, in place of the one of that name before. */
	const filter = (table: string, rules: Readonly<Record<'input' | 'output', string>>): void => {
		const chains = Object.entries(rules).map(
			([hook, rule]) => `chain ${hook} {\ntype filter hook ${hook} priority 0\n${rule}\n}`,
		);
		const lines = [
			`table inet ${table}`,
			`delete table inet ${table}`,
			`table inet ${table} {`,
			...chains,
			'}',
			'',
		];
		execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: lines.join('\n') });
	};
	return {
		address: `${net}.1`,
		start: (command, args, options) => {
			const script = join(root, 'packages/cli/dist/bin', `${command}.js`);
			// What is mounted in there is seen by nobody else.
			const hidden = 'mount -t tmpfs hidden /run/container-builder && exec "$0" "$@"';
			const words = ['netns', 'exec', name, 'sh', '-c', hidden, process.execPath, script, ...args];
			return startProcess('ip', words, options);
		},
		plug: (isIn) => ip('link', 'set', here, isIn ? 'up' : 'down'),
		lose: (percent) => {
			const drop = percent > 0 ? `numgen random mod 100 < ${percent} drop` : '';
			filter('loss', { input: drop, output: drop });
		},
		mute: (way) => {
			filter('mute', { input: way === 'input' ? 'drop' : '', output: way === 'output' ? 'drop' : '' });
		},
		move: () => {
			inside('ip', 'address', 'del', `${net}.${host}/24`, 'dev', there);
			host++;
			inside('ip', 'address', 'add', `${net}.${host}/24`, 'dev', there);
		},
		close: () => {
			ip('netns', 'del', name);
			// Its other end goes with the namespace, but not at once.
			try {
				ip('link', 'del', here);
			} catch {
				// It is gone.
			}
		},
	};
}
