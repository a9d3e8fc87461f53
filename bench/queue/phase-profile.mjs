import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** A CPU profile of a part of what this process does, for the tools of Chrome and of editors. */
export class PhaseProfile {
	#session = new Session();
	#path;

	/** `path` undefined: none. */
	async start(path) {
		this.#path = path;
		if (path === undefined) return;
		this.#session.connect();
		await this.#session.post('Profiler.enable');
		await this.#session.post('Profiler.setSamplingInterval', { interval: 500 });
		await this.#session.post('Profiler.start');
	}

	async stop() {
		if (this.#path === undefined) return;
		const { profile } = await this.#session.post('Profiler.stop');
		writeFileSync(this.#path, JSON.stringify(profile));
		this.#session.disconnect();
	}
}
