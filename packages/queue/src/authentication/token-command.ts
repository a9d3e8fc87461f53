import { randomBytes } from 'node:crypto';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { changeTokens } from './change-tokens.js';
import { isUserName } from './is-user-name.js';
import { readTokens } from './read-tokens.js';
import { hashSecret, makeToken } from './token-secret.js';

/** What `cb-queue token` is told. */
export interface TokenCommand {
	/** What stands behind `token`. */
	readonly words: readonly string[];
	readonly groups: readonly string[];
	/** Milliseconds until the token expires; absent: never. */
	readonly expiresMs: number | undefined;
	/** The file of tokens, absolute. */
	readonly file: string;
	readonly write: (text: string) => void;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

/** `cb-queue token add USER`, `list`, `remove ID`. A running queue sees at once what has changed. */
export async function tokenCommand(command: TokenCommand): Promise<void> {
	const [verb, subject, ...more] = command.words;
	if (verb === 'list' && subject === undefined) await list(command);
	else if (verb === 'add' && subject !== undefined && more.length === 0) await add(command, subject);
	else if (verb === 'remove' && subject !== undefined && more.length === 0) await remove(command, subject);
	else {
		throw new ContainerBuilderError('invalid-option', 'cb-queue token is told what to do', {
			hint: 'cb-queue token add USER [--group NAME] [--expires 90d], cb-queue token list, or cb-queue token remove ID.',
		});
	}
}

async function add({ file, groups, expiresMs, now, write }: TokenCommand, user: string): Promise<void> {
	for (const name of [user, ...groups]) {
		if (!isUserName(name)) {
			throw new ContainerBuilderError('invalid-option', `${JSON.stringify(name)} names no user and no group`);
		}
	}
	const { id, secret, token } = makeToken();
	const salt = randomBytes(16).toString('hex');
	const expiresAt = expiresMs === undefined ? undefined : new Date(now + expiresMs).toISOString();
	const createdAt = new Date(now).toISOString();
	const stored = { id, user, groups, salt, hash: hashSecret(secret, salt), createdAt, expiresAt };
	await changeTokens(file, (tokens) => [...tokens, stored]);
	// The only time that anybody sees it.
	write(`${token}\n`);
}

async function list({ file, now, write }: TokenCommand): Promise<void> {
	for (const { id, user, groups, createdAt, expiresAt } of await readTokens(file)) {
		const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= now;
		const until = expiresAt === undefined ? 'never' : `${expiresAt.slice(0, 10)}${isOver ? ' (over)' : ''}`;
		const among = groups.length === 0 ? '' : `; groups: ${groups.join(', ')}`;
		write(`${id}  ${user}  made ${createdAt.slice(0, 10)}, expires ${until}${among}\n`);
	}
}

async function remove({ file, write }: TokenCommand, id: string): Promise<void> {
	let user: string | undefined;
	await changeTokens(file, (tokens) => {
		user = tokens.find((token) => token.id === id)?.user;
		if (user !== undefined) return tokens.filter((token) => token.id !== id);
		throw new ContainerBuilderError('not-found', `there is no token ${id}`, {
			hint: 'cb-queue token list tells those that there are. The id is the part behind cbt_.',
		});
	});
	write(`${id}: removed, ${user} is not let in by it any more\n`);
}
