import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** A provider whose machines are kept by another process, asked over a socket: it remembers nothing itself. */
export function socketProvider({ directory, machines }) {
	const ask = async (method, target) => {
		const socket = connect(machines);
		socket.end(JSON.stringify({ method, target }));
		return JSON.parse(await text(socket));
	};
	return {
		specificationVersion: 'v1',
		name: 'socket',
		capabilities: {
			architectures: ['amd64', 'arm64'],
			networks: ['isolated', 'shared', 'none'],
			privilege: 'root',
			durable: true,
			listen: { url: `ws+unix://${directory}/unused` },
			limits: ['memoryBytes', 'cpus', 'diskBytes', 'processes'],
			headroom: false,
			resolveImage: false,
			console: false,
		},
		create: ({ builderId, owner, labels, bootstrap }) =>
			ask('create', { builderId, owner, labels, bootstrap: Buffer.from(bootstrap).toString() }),
		destroy: ({ builderId }) => ask('destroy', { builderId }),
		list: () => ask('list', {}),
		sweep: async () => [],
	};
}
