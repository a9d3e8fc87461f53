import { TypedEventEmitter } from '@olcf/container-builder-core';
import { expect, onTestFinished, test } from 'vitest';
import { AsyncQueue } from '../../src/events/async-queue.js';

interface Events {
	number: (value: number) => void;
	pair: (a: string, b: string) => void;
}

test('on, once, off', () => {
	const emitter = new TypedEventEmitter<Events>();
	const seen: unknown[] = [];
	const always = (value: number): void => void seen.push(value);
	emitter.on('number', always);
	emitter.once('number', (value) => seen.push(`once ${value}`));
	emitter.on('pair', (a, b) => seen.push(a + b));
	emitter.emit('number', 1);
	emitter.emit('number', 2);
	emitter.off('number', always);
	emitter.emit('number', 3);
	emitter.emit('pair', 'x', 'y');
	expect(seen).toEqual([1, 'once 1', 2, 'xy']);
});

test('a listener that throws does not stop the others', async () => {
	const warnings: string[] = [];
	const onWarning = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
	process.on('warning', onWarning);
	onTestFinished(() => void process.off('warning', onWarning));
	const emitter = new TypedEventEmitter<Events>();
	const seen: number[] = [];
	emitter.on('number', () => {
		throw new Error('broken');
	});
	emitter.on('number', (value) => seen.push(value));
	emitter.emit('number', 1);
	await new Promise((resolve) => setImmediate(resolve));
	expect(seen).toEqual([1]);
	expect(warnings).toEqual(["ContainerBuilderWarning: a listener of 'number' threw: Error: broken"]);
});

test('hundreds of listeners are no leak', async () => {
	const warnings: string[] = [];
	const onWarning = (warning: Error): void => void warnings.push(warning.name);
	process.on('warning', onWarning);
	onTestFinished(() => void process.off('warning', onWarning));
	const emitter = new TypedEventEmitter<Events>();
	for (let count = 0; count < 500; count++) emitter.on('number', () => {});
	await new Promise((resolve) => setImmediate(resolve));
	expect(warnings).toEqual([]);
});

test('a queue gives what was pushed, then its end', async () => {
	const queue = new AsyncQueue<number>();
	queue.push(1);
	const later = (async () => {
		const seen: number[] = [];
		for await (const value of queue) seen.push(value);
		return seen;
	})();
	await new Promise((resolve) => setImmediate(resolve));
	queue.push(2);
	queue.push(3);
	queue.end();
	queue.push(4);
	expect(await later).toEqual([1, 2, 3]);
	expect(await queue.next()).toEqual({ done: true, value: undefined });
});

test('a queue that failed says so behind what was pushed', async () => {
	const queue = new AsyncQueue<number>();
	queue.push(1);
	queue.fail(new Error('broken'));
	queue.end();
	expect(await queue.next()).toEqual({ done: false, value: 1 });
	await expect(queue.next()).rejects.toThrow('broken');
});

test('who pushes many has to wait for the reader', async () => {
	const queue = new AsyncQueue<number>();
	let value = 0;
	let waiting: Promise<void> | undefined;
	while (waiting === undefined) waiting = queue.push(++value);
	expect(value).toBe(1024);
	let resumed = false;
	void waiting.then(() => {
		resumed = true;
	});
	await queue.next();
	await new Promise((resolve) => setImmediate(resolve));
	expect(resumed).toBe(false);
	for (let read = 1; read < 1000; read++) await queue.next();
	await waiting;
	let again: Promise<void> | undefined;
	while (again === undefined) again = queue.push(++value);
	queue.end();
	await again;
});

test('breaking off drops the rest', async () => {
	const queue = new AsyncQueue<number>();
	for (const value of [1, 2, 3]) queue.push(value);
	for await (const value of queue) {
		expect(value).toBe(1);
		break;
	}
	expect(await queue.next()).toEqual({ done: true, value: undefined });
});
