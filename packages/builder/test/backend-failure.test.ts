import { ContainerBuilderError } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { type BackendEnding, backendFailure } from '../src/build/backend-failure.js';

const backend = 'apptainer';
const canceled = new ContainerBuilderError('canceled', 'enough');

describe('backendFailure', () => {
	it.each<[string, BackendEnding, string | undefined, RegExp]>([
		['ended well', { backend, result: { exitCode: 0, signal: null } }, undefined, /^$/],
		['exit status', { backend, result: { exitCode: 255, signal: null } }, 'build-failed', /exit status 255/],
		[
			'a stranger’s signal',
			{ backend, result: { exitCode: null, signal: 'SIGKILL' } },
			'backend-failed',
			/killed by SIGKILL/,
		],
		[
			'out of memory, killed',
			{ backend, result: { exitCode: null, signal: 'SIGKILL' }, exhausted: 'memory' },
			'resource-limit',
			/ran out of memory/,
		],
		[
			'out of disk',
			{ backend, result: { exitCode: 255, signal: null }, exhausted: 'disk' },
			'resource-limit',
			/ran out of disk/,
		],
		[
			'stopped, by our own signal',
			{ backend, result: { exitCode: null, signal: 'SIGTERM' }, stopped: canceled },
			'canceled',
			/enough/,
		],
		[
			'stopped, but ended well meanwhile',
			{ backend, result: { exitCode: 0, signal: null }, stopped: canceled },
			'canceled',
			/enough/,
		],
	])('%s', (_, ending, code, message) => {
		const error = backendFailure(ending);
		expect(error?.code).toBe(code);
		expect(error?.message ?? '').toMatch(message);
	});
});
