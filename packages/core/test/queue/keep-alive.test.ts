import { expect, it } from 'vitest';
import { KeepAlive } from '../../src/time/keep-alive.js';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

it('keeps the process alive while somebody holds it', () => {
	const before = timers();
	const alive = new KeepAlive();
	const [first, second] = [alive.hold(), alive.hold()];
	expect(timers()).toBe(before + 1);
	first();
	first();
	expect(timers()).toBe(before + 1);
	second();
	expect(timers()).toBe(before);
	alive.hold()();
	expect(timers()).toBe(before);
});
