import { describe, expect, it } from 'vitest';
import { type PrunableImage, prunableNames } from '../../src/image/prune-images.js';

const digest = (digit: string): string => digit.repeat(64);
const image = (id: string, base: string, daemon: string): PrunableImage => ({
	id: digest(id),
	baseId: digest(base),
	daemonId: digest(daemon),
});
const namesOf = (...images: readonly PrunableImage[]): string[] => [
	...new Set(images.flatMap(({ id, baseId, daemonId }) => [id, `base-${baseId}`, `daemon-${daemonId}`])),
];

describe('prunableNames', () => {
	const [first, second, third] = [image('1', 'a', 'd'), image('2', 'b', 'd'), image('3', 'c', 'e')];

	it('keeps two bases with what stands on them', () => {
		expect(prunableNames([first, second], namesOf(first, second))).toEqual([]);
		expect([...prunableNames([first, second, third], namesOf(first, second, third))].sort()).toEqual(
			[digest('3'), `base-${digest('c')}`, `daemon-${digest('e')}`].sort(),
		);
	});

	it('keeps the bases that were used last', () => {
		const removed = prunableNames([third, first, second], namesOf(first, second, third));
		expect([...removed].sort()).toEqual([digest('2'), `base-${digest('b')}`].sort());
	});

	it('keeps eight daemons on one base', () => {
		const images = [...'0123456789'].map((digit) => image(digit, 'a', digit));
		const removed = prunableNames(images, namesOf(...images));
		expect([...removed].sort()).toEqual(
			[digest('8'), digest('9'), `daemon-${digest('8')}`, `daemon-${digest('9')}`].sort(),
		);
	});

	it('removes layers that no image has, damaged images, and nothing that it does not know', () => {
		const names = [
			`base-${digest('f')}`,
			digest('f'),
			'current',
			'.lock',
			'.making-x',
			'base-mine',
			'note.txt',
		];
		expect(prunableNames([first], [...namesOf(first), ...names])).toEqual([
			`base-${digest('f')}`,
			digest('f'),
		]);
	});
});
