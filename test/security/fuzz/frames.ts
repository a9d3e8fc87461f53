import fc from 'fast-check';

/** What stands in parameters of our methods, right and wrong. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
	buildId: ['fuzz-build-0001', 'fuzz-build-0002', '../../etc/passwd', ''],
	leaseId: ['00000000-0000-4000-8000-000000000000', 'x'],
	architecture: ['amd64', 'arm64', 'z80'],
	pool: ['default', 'none', '../default'],
	priority: ['low', 'high', 'highest'],
	labels: [{}, { a: 'b' }, { '': '' }, { a: '\u001b]0;title\u0007' }],
	reason: ['builder-lost', '', 'x'.repeat(20_000)],
	states: [['queued'], ['nothing'], []],
	user: ['alice', 'mallory', ''],
	all: [true, false, 'true'],
	after: [0, 1, -1, 2 ** 53, 1e308],
	keepMs: [0, 1_000, -1, Number.MAX_VALUE],
	outcome: [{ status: 'succeeded' }, { status: 'x' }],
	from: [0, 1, 2 ** 40, -1, 0.5],
	columns: [80, 0, -1, 1e9],
	rows: [24, 0],
	force: [true, false],
	definition: ['Bootstrap: scratch\n', '', '\u0000', 'x'.repeat(100_000)],
	kind: ['apptainer', 'dockerfile', 'x'],
	format: ['sif', 'oci-archive', 'x'],
	arguments: [{}, { A: 'b' }, { __proto__: 'x' }, { constructor: 'x' }],
	context: [
		{ digest: '0'.repeat(64), size: 1, entries: 1 },
		{ digest: '../..', size: 2 ** 60, entries: -1 },
	],
	key: ['secret', 'session'],
	queueNonce: ['n'.repeat(43)],
	mac: ['A'.repeat(43)],
	sessionKey: ['k'.repeat(43)],
	tokenSha256: ['0'.repeat(64)],
	deadlineMs: [1_000, 1e12],
	idleMs: [1_000],
	digest: ['0'.repeat(64), 'x'],
	encodings: [['identity'], ['zstd', 'gzip', 'identity'], []],
	size: [0, 10, 2 ** 52],
	sha256: ['0'.repeat(64)],
	secrets: [[{ id: 'a', value: 'eA==' }], [{ id: '../a', value: '%' }]],
};

/** To make anything anew for each frame takes longer than to send it. */
const anything = fc.constantFrom(...fc.sample(fc.jsonValue(), { seed: 1, numRuns: 1_000 }));
const anyText = fc.constantFrom(
	...fc.sample(fc.string({ unit: 'binary', maxLength: 200 }), { seed: 1, numRuns: 1_000 }),
);
const anyBytes = fc.constantFrom(
	...fc.sample(fc.uint8Array({ maxLength: 600 }), { seed: 1, numRuns: 1_000 }),
);

const field = fc
	.constantFrom(...Object.keys(VALUES))
	.chain((name) =>
		fc
			.oneof(
				{ weight: 3, arbitrary: fc.constantFrom(...(VALUES[name] ?? [])) },
				{ weight: 1, arbitrary: anything },
			)
			.map((value) => [name, value] as const),
	);
const parameters = fc.oneof(
	{ weight: 5, arbitrary: fc.array(field, { maxLength: 9 }).map((fields) => Object.fromEntries(fields)) },
	{ weight: 1, arbitrary: anything },
);
const id = fc.oneof(
	{ weight: 30, arbitrary: fc.nat(100_000) },
	{ weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, 2 ** 53, 'x', null) },
);

/** One frame, of which most are nearly right. `types`: of messages of channels without methods. */
export function frame(
	methods: readonly string[],
	types: readonly string[],
): fc.Arbitrary<string | Uint8Array> {
	const request = fc
		.record({
			type: fc.oneof(
				{ weight: 9, arbitrary: fc.constant('request') },
				{ weight: 1, arbitrary: fc.constantFrom('abort', ...types) },
			),
			id,
			method: fc.constantFrom(...methods, 'toString', '__proto__'),
			params: parameters,
		})
		.map((value) => JSON.stringify(value));
	const message = fc
		.tuple(fc.constantFrom(...types, 'open'), parameters)
		.map(([type, rest]) => JSON.stringify({ ...(typeof rest === 'object' ? rest : {}), type }));
	// What a channel with methods hears besides requests ends it.
	const right =
		methods.length === 0
			? message
			: fc.oneof({ weight: 40, arbitrary: request }, { weight: 1, arbitrary: message });
	const mutilated = fc
		.tuple(right, fc.nat(), fc.nat(20), fc.string({ maxLength: 8 }))
		.map(([text, at, length, put]) => {
			const from = at % (text.length + 1);
			return text.slice(0, from) + put + text.slice(from + length);
		});
	return fc.oneof(
		{ weight: 90, arbitrary: right },
		{ weight: 8, arbitrary: mutilated },
		{ weight: 4, arbitrary: anyBytes },
		{ weight: 2, arbitrary: anyText },
		{ weight: 2, arbitrary: anything.map((value) => JSON.stringify(value)) },
		{
			weight: 1,
			arbitrary: fc.constantFrom(
				'['.repeat(200_000),
				`{"a":${'{"a":'.repeat(50_000)}`,
				'x'.repeat(1_000_000),
				'',
				'null',
			),
		},
	);
}

/** A WebSocket frame (RFC 6455, 5.2) with anything in its header, and fewer or more bytes than that says. */
const webSocketFrame = fc
	.tuple(
		fc.nat(255),
		fc.boolean(),
		fc.oneof(fc.nat(125), fc.constantFrom(126, 127)),
		fc.constantFrom(0n, 5n, 126n, 65_536n, 2n ** 32n, 2n ** 53n, 2n ** 63n),
		fc.uint8Array({ maxLength: 300 }),
	)
	.map(([first, isMasked, length, big, payload]) => {
		const head = Buffer.alloc(length === 127 ? 10 : length === 126 ? 4 : 2);
		head[0] = first;
		head[1] = (isMasked ? 128 : 0) | length;
		if (length === 126) head.writeUInt16BE(Number(big & 0xffffn), 2);
		if (length === 127) head.writeBigUInt64BE(big & 0xffff_ffff_ffff_ffffn, 2);
		return Buffer.concat([head, isMasked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0), payload]);
	});

/** What a client writes that speaks neither HTTP nor WebSocket, or only nearly. `token`: of somebody who may come in. */
export function bytes(channels: readonly string[], token: string): fc.Arbitrary<readonly Uint8Array[]> {
	const upgrade = fc
		.tuple(fc.constantFrom(...channels, 'nothing'), fc.constantFrom('1', '0', '999999', '-1'), fc.boolean())
		.map(([channel, version, isKnown]) =>
			Buffer.from(
				[
					`GET /container-builder/v${version}/${channel} HTTP/1.1`,
					'Host: x',
					'Upgrade: websocket',
					'Connection: Upgrade',
					'Sec-WebSocket-Version: 13',
					'Sec-WebSocket-Protocol: container-builder',
					`Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
					`Authorization: Bearer ${isKnown ? token : 'x'.repeat(60)}`,
					'',
					'',
				].join('\r\n'),
			),
		);
	const nearly = fc
		.tuple(upgrade, fc.nat(), fc.uint8Array({ maxLength: 20 }))
		.map(([text, at, put]) =>
			Buffer.concat([text.subarray(0, at % text.length), put, text.subarray(at % text.length)]),
		);
	const first = fc.oneof(
		{ weight: 3, arbitrary: upgrade },
		{ weight: 2, arbitrary: nearly },
		{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }) },
	);
	return fc
		.tuple(first, fc.array(webSocketFrame, { maxLength: 30 }))
		.map(([head, frames]) => [head, ...frames]);
}
