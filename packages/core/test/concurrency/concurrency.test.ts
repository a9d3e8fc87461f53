import { getEventListeners } from 'node:events';
import {
	abortable,
	canceledError,
	deferred,
	linkSignal,
	sleep,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { expect, test } from 'vitest';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('abortable: the value, the error or the abortion, and no listener is left', async () => {
	const { signal } = new AbortController();
	expect(await abortable(Promise.resolve(1), signal)).toBe(1);
	await expect(abortable(Promise.reject(new Error('x')), signal)).rejects.toThrow('x');
	await new Promise((resolve) => setImmediate(resolve));
	expect(listeners(signal)).toBe(0);
	const controller = new AbortController();
	const never = abortable(new Promise(() => {}), controller.signal);
	controller.abort('stop');
	await expect(never).rejects.toMatchObject({ code: 'canceled', message: 'stop', cause: 'stop' });
	expect(listeners(controller.signal)).toBe(0);
	expect(() => abortable(Promise.reject(new Error('unheard')), controller.signal)).toThrow('stop');
});

test('sleep ends early, and leaves no listener', async () => {
	const controller = new AbortController();
	await sleep(1, controller.signal);
	expect(listeners(controller.signal)).toBe(0);
	const sleeping = sleep(3_600_000, controller.signal);
	controller.abort();
	await expect(sleeping).rejects.toMatchObject({ code: 'canceled' });
});

test('linkSignal follows its sources until it is let go of', () => {
	const [first, second] = [new AbortController(), new AbortController()];
	const linked = linkSignal(first.signal, undefined, second.signal);
	second.abort('why');
	expect(linked.signal.reason).toBe('why');
	linked.dispose();
	expect(listeners(first.signal) + listeners(second.signal)).toBe(0);
	const loose = linkSignal(first.signal);
	loose.dispose();
	first.abort();
	expect(loose.signal.aborted).toBe(false);
	expect(linkSignal(first.signal).signal.aborted).toBe(true);
});

test('throwIfAborted and its error', () => {
	expect(() => throwIfAborted(undefined)).not.toThrow();
	expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
	expect(() => throwIfAborted(AbortSignal.abort(new Error('inner')))).toThrow(
		expect.objectContaining({ code: 'canceled', exitCode: 130 }),
	);
	expect(canceledError(AbortSignal.abort('text')).message).toBe('text');
});

test('deferred settles from outside', async () => {
	const first = deferred<number>();
	first.resolve(1);
	expect(await first.promise).toBe(1);
	const second = deferred();
	second.reject(new Error('no'));
	await expect(second.promise).rejects.toThrow('no');
});
