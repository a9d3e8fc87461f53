import { fork } from 'node:child_process';
import { basename } from 'node:path';

/** Another process of a bench, by its file, and its functions. One that ends before it was told to makes open calls reject. */
export class WorkerProcess {
	#child;
	#calls = new Map();
	#lastId = 0;
	#exited;

	constructor(file) {
		this.#child = fork(file, [], {
			execArgv: ['--expose-gc'],
			stdio: ['ignore', 2, 2, 'ipc'],
		});
		this.#child.on('message', ({ id, result, error }) => {
			const call = this.#calls.get(id);
			this.#calls.delete(id);
			if (error === undefined) call?.resolve(result);
			else call?.reject(new Error(`${basename(file)}: ${error}`));
		});
		this.#exited = new Promise((resolve) => {
			this.#child.on('exit', (code, signal) => {
				for (const { reject } of this.#calls.values())
					reject(new Error(`${basename(file)} ended: ${signal ?? code}`));
				resolve();
			});
		});
	}

	call(method, params = {}) {
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			this.#calls.set(id, { resolve, reject });
			this.#child.send({ id, method, params }, (error) => error && reject(error));
		});
	}

	/** Lets it end by itself. */
	async end() {
		if (this.#child.connected) this.#child.disconnect();
		const timer = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
		await this.#exited;
		clearTimeout(timer);
	}
}
