import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EMULATORS } from '../src/emulation/emulators.js';
import { registration } from '../src/emulation/registration.js';

/** The entry's magic and mask, as the kernel reads them. */
function entry(text: string): { magic: number[]; mask: number[] } {
	const [, , , , magic = '', mask = ''] = text.split(':');
	const bytes = (escaped: string): number[] =>
		[...escaped.matchAll(/\\x([0-9a-f]{2})/g)].map(([, hex = '']) => Number.parseInt(hex, 16));
	return { magic: bytes(magic), mask: bytes(mask) };
}

/** What the kernel does with the first bytes of a program. */
function matches(text: string, program: Uint8Array): boolean {
	const { magic, mask } = entry(text);
	return magic.every((byte, index) => ((byte ^ (program[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}

test('an entry has its name, its emulator and its flags', () => {
	const text = registration(EMULATORS.arm64);
	expect(text).toMatch(
		/^:qemu-aarch64:M::(\\x[0-9a-f]{2}){20}:(\\x[0-9a-f]{2}){20}:\/usr\/bin\/qemu-aarch64:POCF$/,
	);
	expect(text.length).toBeLessThan(1920);
});

test.runIf(process.arch === 'x64')('programs of this machine match its own entry only', () => {
	// One is linked statically or with a fixed address, the others are not.
	const programs = [process.execPath, execFileSync('which', ['bash'], { encoding: 'utf8' }).trim()];
	for (const path of programs) {
		const program = readFileSync(path).subarray(0, 64);
		expect(matches(registration(EMULATORS.amd64), program)).toBe(true);
		expect(matches(registration(EMULATORS.arm64), program)).toBe(false);
		expect(matches(registration(EMULATORS.ppc64le), program)).toBe(false);
		const foreign = Uint8Array.from(program);
		[foreign[18], foreign[19]] = [183, 0];
		expect(matches(registration(EMULATORS.arm64), foreign)).toBe(true);
	}
	expect(matches(registration(EMULATORS.arm64), Buffer.from('#!/bin/sh\nexit 0 # long enough'))).toBe(false);
});
