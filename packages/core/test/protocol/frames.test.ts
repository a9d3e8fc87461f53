import { ContainerBuilderError, ERROR_CODES } from '@olcf/container-builder-core';
import {
	builderEventSchema,
	buildMethods,
	buildRequestSchema,
	contextClientSchema,
	contextDaemonSchema,
	decodeBootstrap,
	encodeBootstrap,
	enrolmentMac,
	equalMacs,
	leaseSchema,
	MAX_MESSAGE_LENGTH,
	parseFrame,
	queueEventSchema,
	randomSecret,
	streamOpenSchema,
	streamReplySchema,
} from '@olcf/container-builder-core/protocol';
import { expect, test } from 'vitest';
import type * as z from 'zod';

const sha256 = 'a'.repeat(64);
const request = {
	buildId: 'build-0001',
	definition: 'x',
	kind: 'apptainer',
	format: 'sif',
	architecture: 'amd64',
	arguments: {},
	labels: {},
};
const error = new ContainerBuilderError('busy', 'no', { hint: 'h', details: { n: 1 } }).toJSON();

test.each<[string, z.ZodType, object]>([
	['open', streamOpenSchema, { type: 'open', from: 0 }],
	['start', streamReplySchema, { type: 'start', from: 5 }],
	['start of an image', streamReplySchema, { type: 'start', from: 5, size: 9, sha256 }],
	['end', streamReplySchema, { type: 'end', size: 9, sha256 }],
	['failure', streamReplySchema, { type: 'failure', error }],
	['context open', contextClientSchema, { type: 'open', digest: sha256, encodings: ['gzip', 'identity'] }],
	['context manifest', contextClientSchema, { type: 'manifest', size: 1 }],
	['context archive', contextClientSchema, { type: 'archive', from: 1 }],
	['context end', contextClientSchema, { type: 'end', size: 1 }],
	['context have', contextDaemonSchema, { type: 'have', manifest: true, offset: 0, encoding: 'zstd' }],
	['context verified', contextDaemonSchema, { type: 'verified' }],
	['build request', buildRequestSchema, request],
	[
		'build request with everything',
		buildRequestSchema,
		{
			...request,
			backend: 'apptainer',
			compression: 'gzip',
			context: { digest: sha256, size: 1, entries: 1 },
			terminal: { columns: 80, rows: 24 },
			debug: true,
			limits: { timeMs: 1, outputBytes: 1, imageBytes: 1 },
		},
	],
	[
		'builder event',
		builderEventSchema,
		{ sequence: 1, elapsedMs: 0.5, type: 'backend-end', exitCode: null, signal: 'SIGKILL' },
	],
	[
		'queue event',
		queueEventSchema,
		{ sequence: 1, time: '2026-01-01T00:00:00.000Z', type: 'builder-gone', builderId: 'b' },
	],
])('%s is taken, and nothing beside it', (_, schema, frame) => {
	expect(parseFrame(schema, JSON.stringify(frame))).toEqual(frame);
	expect(() => parseFrame(schema, JSON.stringify({ ...frame, more: 1 }))).toThrow(
		expect.objectContaining({ code: 'protocol' }),
	);
	for (const key of Object.keys(frame)) {
		const changed = JSON.stringify({ ...frame, [key]: { unexpected: [] } });
		if (key === 'arguments' || key === 'labels') continue;
		expect(() => parseFrame(schema, changed)).toThrow(expect.objectContaining({ code: 'protocol' }));
	}
});

test.each([
	['bytes', Buffer.from('{}'), 'bytes where a message was due'],
	['no JSON', '{', 'a message that is not JSON'],
	['too long', `"${'x'.repeat(MAX_MESSAGE_LENGTH)}"`, 'a message over the limit'],
])('%s', (_, frame, message) => {
	expect(() => parseFrame(streamOpenSchema, frame)).toThrow(
		expect.objectContaining({ code: 'protocol', message }),
	);
});

test('every error code crosses', () => {
	for (const code of Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]) {
		const sent = new ContainerBuilderError(code, 'm', { hint: 'h', details: { a: 1, b: 'x', c: true } });
		const parsed = parseFrame(streamReplySchema, JSON.stringify({ type: 'failure', error: sent.toJSON() }));
		if (parsed.type !== 'failure') throw new TypeError('a failure');
		const found = ContainerBuilderError.fromJSON(parsed.error);
		expect(found).toMatchObject({ code, message: 'm', hint: 'h', kind: sent.kind, exitCode: sent.exitCode });
	}
});

test.each([
	['a path', 'https://../x'],
	['a capital', 'B'],
	['empty', ''],
])('a builder id that is %s is refused', (_, builderId) => {
	const lease = {
		id: 'lease-0001',
		buildId: 'build-0001',
		builderId: 'builder-1',
		endpoint: { url: 'memory:x' },
		token: 'token-0123456789abc',
		builder: {
			builderId: 'builder-1',
			version: '1',
			architectures: ['amd64'],
			backends: [],
			privilege: 'root',
		},
		deadlineMs: 1,
		idleMs: 1,
	};
	expect(leaseSchema.safeParse(lease).success).toBe(true);
	expect(leaseSchema.safeParse({ ...lease, builderId }).success).toBe(false);
});

test('only the streams of a channel have events', () => {
	expect(
		Object.entries(buildMethods)
			.filter(([, method]) => 'event' in method)
			.map(([name]) => name),
	).toEqual(['states']);
});

test('bootstrap there and back', () => {
	const bootstrap = {
		version: 1,
		builderId: 'builder-1',
		owner: 'me',
		listen: { url: 'ws+unix:///run/x' },
		secret: randomSecret(),
		enrolMs: 1000,
		lifetimeMs: 1000,
		privilege: 'root',
	} as const;
	expect(decodeBootstrap(encodeBootstrap(bootstrap))).toEqual(bootstrap);
	expect(() => decodeBootstrap(Buffer.from('{}'))).toThrow(expect.objectContaining({ code: 'protocol' }));
	expect(() => decodeBootstrap(Buffer.from('no'))).toThrow(expect.objectContaining({ code: 'protocol' }));
});

test('a proof is bound to everything in it', () => {
	const transcript = { builderId: 'b', queueNonce: 'q', builderNonce: 'n', fingerprint: sha256 };
	const mac = enrolmentMac('key', 'queue', transcript);
	expect(mac).toBe(enrolmentMac('key', 'queue', { ...transcript }));
	const others = [
		enrolmentMac('other', 'queue', transcript),
		enrolmentMac('key', 'builder', transcript),
		...Object.keys(transcript).map((key) => enrolmentMac('key', 'queue', { ...transcript, [key]: 'x' })),
		enrolmentMac('key', 'queue', { builderId: 'b', queueNonce: 'q', builderNonce: 'n' }),
	];
	expect(new Set([mac, ...others]).size).toBe(others.length + 1);
	expect(equalMacs(mac, mac)).toBe(true);
	for (const other of [...others, '', `${mac}x`]) expect(equalMacs(mac, other)).toBe(false);
});

test('secrets are random, and of 256 bits', () => {
	const secrets = Array.from({ length: 100 }, randomSecret);
	expect(new Set(secrets).size).toBe(100);
	for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
});
