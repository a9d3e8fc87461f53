import type { Channel, ConnectedChannel, Listener, Provider, Transport } from '@olcf/container-builder-core';
import { fakeProvider, memoryTransport } from '@olcf/container-builder-testing';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { testTransport } from '@olcf/container-builder-testing/transport';
import { describe, expect, test } from 'vitest';

type Tests = Map<string, () => Promise<void>>;

function transportTests(transport: Transport): Tests {
	const tests: Tests = new Map();
	testTransport({
		test: (name, run) => tests.set(name, run),
		capabilities: { tls: true },
		setup: () => ({
			transport,
			listenOptions: () => ({ url: 'memory:' }),
			nowhere: { url: 'memory:nowhere' },
			maxBufferedBytes: 4 * 2 ** 20,
		}),
	});
	return tests;
}

function providerTests(provider: Provider): Tests {
	const tests: Tests = new Map();
	testProvider({ test: (name, run) => tests.set(name, run), timeScale: 0.005, setup: () => ({ provider }) });
	return tests;
}

async function run(tests: Tests, name: string): Promise<void> {
	const found = tests.get(name);
	if (found === undefined) throw new Error(`there is no test '${name}'`);
	await found();
}

/** The memory transport with its channels changed, on both sides. */
function withChannels(change: (channel: Channel) => Partial<Channel>): Transport {
	const inner = memoryTransport();
	const changed = <C extends Channel>(channel: C): C => {
		const changes = change(channel);
		return new Proxy(channel, {
			get: (target, key) => {
				const value: unknown = Reflect.get(
					key in changes ? changes : target,
					key,
					key in changes ? changes : target,
				);
				return typeof value === 'function' ? value.bind(key in changes ? changes : target) : value;
			},
		});
	};
	return {
		...inner,
		connect: async (...options): Promise<ConnectedChannel> => changed(await inner.connect(...options)),
		listen: async (options): Promise<Listener> => {
			const listener = await inner.listen(options);
			const next = async () => {
				const result = await listener[Symbol.asyncIterator]().next();
				if (!result.done) {
					const { value: incoming } = result;
					const accept = incoming.accept.bind(incoming);
					incoming.accept = async () => changed(await accept());
				}
				return result;
			};
			return {
				endpoints: listener.endpoints,
				close: () => listener.close(),
				[Symbol.asyncDispose]: () => listener.close(),
				[Symbol.asyncIterator]: () => ({ next }),
			};
		},
	};
}

describe('the transport suite finds', () => {
	const same = 'frames: order and borders are kept, both ways';

	test('nothing wrong with a transport that is only wrapped', async () => {
		await run(transportTests(withChannels(() => ({}))), same);
	});

	const faults: [string, string, Transport][] = [
		[
			'a send that does not wait',
			'back-pressure: a sender is stopped by a reader that does not iterate, and goes on, client to server',
			withChannels((channel) => ({
				send: async (frame) => {
					channel.send(frame).catch(() => {});
				},
			})),
		],
		[
			'a send that looks at the buffer later',
			'frames: a buffer may be changed once send has resolved',
			withChannels((channel) => ({
				send: async (frame) => {
					setTimeout(() => channel.send(frame).catch(() => {}), 5);
				},
			})),
		],
		[
			'text that turns into bytes',
			'frames: text and bytes are kept apart',
			withChannels((channel) => ({ send: (frame) => channel.send(Buffer.from(frame)) })),
		],
		[
			'borders that are lost',
			same,
			withChannels((channel) => ({
				send: async (frame) => {
					const half = Math.ceil(frame.length / 2);
					await channel.send(frame.slice(0, half));
					await channel.send(frame.slice(half));
				},
			})),
		],
		[
			'a close that drops what was sent',
			'close: frames that were not read yet can be read afterwards',
			withChannels((channel) => ({ close: async () => channel.abort('closed') })),
		],
		[
			'a signal that is ignored',
			'connect: a signal that is aborted already rejects before anything is sent',
			(() => {
				const inner = memoryTransport();
				return {
					...inner,
					connect: (endpoint, request) => inner.connect(endpoint, request, { timeoutMs: 100 }),
				};
			})(),
		],
		[
			'a token that is lost',
			'connect: channel, version and token arrive',
			(() => {
				const inner = memoryTransport();
				return {
					...inner,
					connect: (endpoint, { channel, version }, options) =>
						inner.connect(endpoint, { channel, version }, options),
				};
			})(),
		],
		[
			'capabilities that are not told',
			'says what it is',
			{ ...memoryTransport(), capabilities: { tls: false, sharedServer: false, through: false } },
		],
	];
	for (const [fault, name, transport] of faults) {
		test(fault, async () => {
			await expect(run(transportTests(transport), name)).rejects.toThrow();
		});
	}
});

describe('the provider suite finds', () => {
	function changed(change: (inner: Provider) => Partial<Provider>): Provider {
		const inner = fakeProvider();
		const changes = change(inner);
		const method = <K extends 'create' | 'destroy' | 'list' | 'sweep'>(key: K): Provider[K] =>
			(changes[key] ?? inner[key].bind(inner)) as Provider[K];
		return {
			specificationVersion: 'v1',
			name: 'faulty',
			capabilities: { ...inner.capabilities, headroom: false, resolveImage: false, console: false },
			create: method('create'),
			destroy: method('destroy'),
			list: method('list'),
			sweep: method('sweep'),
		};
	}

	test('nothing wrong with a provider that is only wrapped', async () => {
		await run(providerTests(changed(() => ({}))), 'says what it is');
		await run(providerTests(changed(() => ({}))), 'lifecycle: created, listed, destroyed, gone');
	});

	const faults: [string, string, Provider][] = [
		[
			'a destroy that resolves too early',
			'lifecycle: created, listed, destroyed, gone',
			fakeProvider({ machines: () => ({ lingersMs: 60 }) }),
		],
		[
			'a machine that never gets running',
			'lifecycle: a machine gets running and has an endpoint',
			fakeProvider({ machines: () => ({ fault: 'broken' }) }),
		],
		[
			'a create that makes a second machine',
			'lifecycle: a second create of the same builder gives the same machine',
			(() => {
				let count = 0;
				return changed((inner) => ({
					create: async (request) => ({ ...(await inner.create(request)), id: `machine-${++count}` }),
				}));
			})(),
		],
		[
			'a destroy that misses what is not there',
			'lifecycle: destroying what is not there resolves',
			changed((inner) => ({
				destroy: async (target) => {
					if ((await inner.list(target)).length === 0) throw new Error('no such machine');
					await inner.destroy(target);
				},
			})),
		],
		[
			'an owner that sees what belongs to others',
			'owners: each lists and destroys its own only, also with the same builder id',
			(() => {
				const owners = new Set<string>();
				return changed((inner) => ({
					create: (request) => {
						owners.add(request.owner);
						return inner.create(request);
					},
					list: async () => (await Promise.all([...owners].map((owner) => inner.list({ owner })))).flat(),
				}));
			})(),
		],
		[
			'a sweep that does not look at the age',
			'sweep: leaves alone what is younger',
			changed((inner) => ({ sweep: (filter) => inner.sweep({ ...filter, olderThanMs: 0 }) })),
		],
		[
			'a create that ignores its signal',
			'abort: a signal that is aborted already rejects, and nothing is made',
			changed((inner) => ({ create: (request) => inner.create(request) })),
		],
		[
			'an error that does not tell what came of it',
			'lifecycle: an image that does not exist fails, and nothing is made',
			changed((inner) => ({
				create: (request) => {
					if (request.image === undefined) return inner.create(request);
					return Promise.reject(new Error('no image'));
				},
			})),
		],
	];
	for (const [fault, name, provider] of faults) {
		test(fault, async () => {
			await expect(run(providerTests(provider), name)).rejects.toThrow();
		});
	}
});
