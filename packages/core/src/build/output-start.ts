import { ContainerBuilderError } from '../spec/index.js';

/** Where output is to begin that is kept on a builder. */
export interface OutputStart {
	/** Byte to begin at; that of builders lost before does not count. @default 0 */
	readonly from?: number | undefined;
	/** Begin with so many of the last lines that there are already, instead of `from`. From 0 on. */
	readonly tail?: number | undefined;
}

/** Throws `invalid-option` for what is no place in an output. */
export function checkOutputStart({ from, tail }: OutputStart): void {
	for (const [name, value] of Object.entries({ from, tail })) {
		if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
		throw new ContainerBuilderError('invalid-option', `${name} cannot be ${value}`, {
			hint: 'Give a whole number from 0 on.',
		});
	}
	if (from === undefined || tail === undefined) return;
	throw new ContainerBuilderError('invalid-option', 'from and tail exclude each other', {
		hint: 'Give the byte to begin at, or the number of last lines.',
	});
}
