import type { Server, Socket } from 'node:net';

/**
 * Connections of each address that have not been let in yet. From one that has too many of them no more are taken: who only
 * connects, and says nothing or the wrong thing, must not hold all that a process can have. Sockets of this machine have no
 * address, and no limit: their directory is guarded.
 */
export class PendingConnections {
	readonly #server: Server;
	readonly #most: number;
	/** Their ports, by address. */
	readonly #pending = new Map<string, Set<number>>();

	/** @param most of one address, at a time */
	constructor(server: Server, most: number) {
		this.#server = server;
		this.#most = most;
		server.on('connection', this.#onConnection);
	}

	/** The connection was let in: it counts no more. */
	letIn({ remoteAddress, remotePort }: Socket): void {
		this.#remove(remoteAddress, remotePort);
	}

	/** Takes no more note of connections. */
	close(): void {
		this.#server.off('connection', this.#onConnection);
		this.#pending.clear();
	}

	readonly #onConnection = (socket: Socket): void => {
		// The same for the encrypted stream over it. Both are gone from a socket that has ended.
		const { remoteAddress, remotePort } = socket;
		if (remoteAddress === undefined || remotePort === undefined) return;
		const ports = this.#pending.get(remoteAddress) ?? new Set();
		if (ports.size >= this.#most) {
			socket.destroy();
			return;
		}
		this.#pending.set(remoteAddress, ports.add(remotePort));
		socket.once('close', () => this.#remove(remoteAddress, remotePort));
	};

	#remove(address: string | undefined, port: number | undefined): void {
		const ports = this.#pending.get(address ?? '');
		if (ports === undefined || port === undefined) return;
		ports.delete(port);
		if (ports.size === 0) this.#pending.delete(address ?? '');
	}
}
