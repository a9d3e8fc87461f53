import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Carries TCP connections on, each piece later than it came. */
export interface DelayingProxy {
	readonly port: number;
	/** Carried so far, both ways together. */
	readonly bytes: number;
	close(): Promise<void>;
}

/** Listens on `host` for what is meant for `port` there. `delayMs`: each way, so that an answer takes twice that. */
export async function delayingProxy(options: {
	readonly host: string;
	readonly port: number;
	readonly delayMs: number;
}): Promise<DelayingProxy> {
	const { host, port, delayMs } = options;
	const sockets = new Set<Socket>();
	let bytes = 0;
	const carry = (from: Socket, to: Socket): void => {
		sockets.add(from);
		from.on('data', (piece) => {
			bytes += piece.length;
			setTimeout(() => {
				if (!to.destroyed && !to.write(piece)) {
					from.pause();
					to.once('drain', () => from.resume());
				}
			}, delayMs);
		});
		from.on('end', () => setTimeout(() => to.end(), delayMs));
		from.on('error', () => to.destroy());
		from.on('close', () => {
			sockets.delete(from);
			setTimeout(() => to.destroy(), delayMs);
		});
	};
	const server = createServer({ noDelay: true }, (client) => {
		const target = connect({ host, port, noDelay: true });
		carry(client, target);
		carry(target, client);
	});
	server.listen(0, host);
	await once(server, 'listening');
	return {
		port: (server.address() as AddressInfo).port,
		get bytes() {
			return bytes;
		},
		close: async () => {
			for (const socket of sockets) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}
