import type { ListenOptions as NetListenOptions, Server } from 'node:net';
import { ContainerBuilderError } from '@olcf/container-builder-core';

/** Connections that the kernel may hold for us; it lowers this to its own limit. */
const BACKLOG = 4_096;

/** `server.listen` as a promise; rejects with `invalid-option`, `where` in its message. */
export function serverListen(server: Server, options: NetListenOptions, where: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const onError = (cause: Error): void => {
			reject(
				new ContainerBuilderError('invalid-option', `cannot listen on ${where}: ${cause.message}`, {
					cause,
					hint: 'Choose an address and port of this machine that are free, or a directory that you may write to.',
				}),
			);
		};
		server.once('error', onError);
		server.listen({ backlog: BACKLOG, ...options }, () => {
			server.off('error', onError);
			// One connection that cannot be taken, for want of file descriptors perhaps, must not end the process.
			server.on('error', (error) =>
				process.emitWarning(`${where}: ${error.message}`, 'ContainerBuilderWarning'),
			);
			resolve();
		});
	});
}
