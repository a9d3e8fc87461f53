import { describe, expect, test } from 'vitest';
import { queueAddress } from '../src/queue-address.js';

const urlOf = (queue: string | undefined, environment: Record<string, string> = {}) =>
	queueAddress({ queue }, environment)?.endpoint.url;

describe('queueAddress', () => {
	test.each([
		['wss://queue.example:9000', 'wss://queue.example:9000'],
		['wss://queue.example:9000/', 'wss://queue.example:9000'],
		['queue.example', 'wss://queue.example:8080'],
		['queue.example:9000', 'wss://queue.example:9000'],
		['10.0.0.7', 'wss://10.0.0.7:8080'],
		['ws://127.0.0.1:8080', 'ws://127.0.0.1:8080'],
		['ws+unix:///run/queue.sock', 'ws+unix:///run/queue.sock'],
	])('--queue %s is %s', (given, url) => {
		expect(urlOf(given)).toBe(url);
	});

	test.each([
		[{}, undefined],
		[{ QUEUE_HOST: '' }, undefined],
		[{ QUEUE_PORT: '8080' }, undefined],
		[{ QUEUE_HOST: '128.219.187.52' }, 'wss://128.219.187.52:8080'],
		[{ QUEUE_HOST: 'q.example', QUEUE_PORT: '9443' }, 'wss://q.example:9443'],
		[{ QUEUE_HOST: 'fd00::1', QUEUE_PORT: '9443' }, 'wss://[fd00::1]:9443'],
		[{ CONTAINER_BUILDER_QUEUE: 'wss://a.example:1', QUEUE_HOST: 'b.example' }, 'wss://a.example:1'],
		[{ CONTAINER_BUILDER_QUEUE: ' ', QUEUE_HOST: 'b.example' }, 'wss://b.example:8080'],
	])('environment %j', (environment, url) => {
		expect(urlOf(undefined, environment)).toBe(url);
	});

	test('an option goes before the environment', () => {
		expect(urlOf('a.example', { CONTAINER_BUILDER_QUEUE: 'b.example' })).toBe('wss://a.example:8080');
	});

	test.each([
		'http://queue.example',
		'wss://',
		'wss://me:secret@queue.example',
		'ws+unix:///',
		'queue example',
		'',
	])('%s is none', (given) => {
		expect(() => urlOf(given)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
	});

	test('the fingerprint is taken as openssl prints it', () => {
		const digits = 'ab'.repeat(32);
		const printed = `SHA256:${digits.toUpperCase().replace(/..(?=.)/g, '$&:')}`;
		const options = { queue: 'q.example', 'queue-fingerprint': printed };
		expect(queueAddress(options, {})?.endpoint.fingerprint).toBe(digits);
		const variable = { CONTAINER_BUILDER_QUEUE_FINGERPRINT: digits };
		expect(queueAddress({ queue: 'q.example' }, variable)?.endpoint.fingerprint).toBe(digits);
		expect(() => queueAddress({ queue: 'q.example', 'queue-fingerprint': 'abc' }, {})).toThrow(
			/64 hexa|SHA-256/,
		);
	});

	test('the token is never sent unencrypted', () => {
		const environment = { CONTAINER_BUILDER_TOKEN: 'secret' };
		expect(queueAddress({ queue: 'q.example' }, environment)?.token).toBe('secret');
		expect(() => queueAddress({ queue: 'ws://q.example:1', insecure: true }, environment)).toThrow(
			/never sent/,
		);
	});

	test('options about a queue need one', () => {
		expect(() => queueAddress({ insecure: true }, {})).toThrow(/need a queue/);
		expect(() => queueAddress({ 'queue-ca': 'ca.pem' }, {})).toThrow(/need a queue/);
	});
});
