import { join } from 'node:path';
import { storeDirectory } from './store-directory.js';
import { StoreEnvironment } from './store-environment.js';

/** One user's part in an environment. */
export interface SharedEnvironment {
	readonly environment: StoreEnvironment;
	/** Closes it where nobody else in this process uses it. */
	leave(): Promise<void>;
}

interface Entry {
	readonly environment: Promise<StoreEnvironment>;
	users: number;
}

/** By real path. LMDB cannot be open twice in a process: one waits for the other for ever. */
const entries = new Map<string, Entry>();
const closing = new Map<string, Promise<void>>();

/** The environment of a directory, for all stores of this process in it. */
export async function shareEnvironment(directory: string): Promise<SharedEnvironment> {
	const path = join(await storeDirectory(directory), 'store.mdb');
	while (closing.has(path)) await closing.get(path);
	const entry = entries.get(path) ?? { environment: StoreEnvironment.open(path), users: 0 };
	entries.set(path, entry);
	entry.users++;
	const leave = async (): Promise<void> => {
		if (--entry.users > 0) return;
		entries.delete(path);
		const closed = entry.environment.then((environment) => environment.close()).catch(() => {});
		closing.set(path, closed);
		await closed;
		closing.delete(path);
	};
	try {
		return { environment: await entry.environment, leave };
	} catch (error) {
		await leave();
		throw error;
	}
}
