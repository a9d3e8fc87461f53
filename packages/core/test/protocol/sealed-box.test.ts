import { makeSealingKey, seal } from '@olcf/container-builder-core/protocol';
import { describe, expect, it } from 'vitest';

const text = Buffer.from('{"password":"a secret of the site"}');
const cannot = expect.objectContaining({
	code: 'protocol',
	message: 'what was sealed to this builder cannot be opened',
});

describe('a sealed box', () => {
	it('is opened by the key that it was sealed to, for its purpose', () => {
		const key = makeSealingKey();
		expect(key.publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
		for (const bytes of [text, Buffer.alloc(0), Buffer.alloc(100_000, 7)]) {
			expect(Buffer.from(key.unseal(seal(key.publicKey, bytes, 'lease-1'), 'lease-1'))).toEqual(bytes);
		}
	});

	it('is another one each time, and shows nothing of what is in it', () => {
		const key = makeSealingKey();
		const first = seal(key.publicKey, text, 'lease-1');
		expect(first).not.toBe(seal(key.publicKey, text, 'lease-1'));
		expect(Buffer.from(first, 'base64url').includes('secret')).toBe(false);
		expect(JSON.stringify(key)).not.toMatch(/private/i);
	});

	it('stays shut for another key, and for another purpose', () => {
		const key = makeSealingKey();
		const sealed = seal(key.publicKey, text, 'lease-1');
		expect(() => makeSealingKey().unseal(sealed, 'lease-1')).toThrow(cannot);
		expect(() => key.unseal(sealed, 'lease-2')).toThrow(cannot);
	});

	it('stays shut when any one bit of it was changed, or when something is missing', () => {
		const key = makeSealingKey();
		const box = Buffer.from(seal(key.publicKey, text, 'lease-1'), 'base64url');
		for (let byte = 0; byte < box.length; byte++) {
			// The topmost bit of an X25519 key means nothing to the curve; it is bound all the same.
			for (const bit of [0x01, 0x80]) {
				const changed = Buffer.from(box);
				changed[byte] = (changed[byte] ?? 0) ^ bit;
				expect(() => key.unseal(changed.toString('base64url'), 'lease-1')).toThrow(cannot);
			}
		}
		for (const length of [0, 10, 32, 47, box.length - 1]) {
			expect(() => key.unseal(box.subarray(0, length).toString('base64url'), 'lease-1')).toThrow(cannot);
		}
	});

	it('is not made for what is no key', () => {
		expect(() => seal('AAAA', text, 'lease-1')).toThrow(expect.objectContaining({ code: 'protocol' }));
		// The point of order one: whatever the private key, the shared secret would be known to all.
		const zero = Buffer.alloc(32).toString('base64url');
		expect(() => seal(zero, text, 'lease-1')).toThrow(expect.objectContaining({ code: 'protocol' }));
	});
});
