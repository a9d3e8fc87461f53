import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { describe, expect, test } from 'vitest';
import { sshHosts } from '../src/ssh-hosts.js';

describe('sshHosts', () => {
	testProvider({
		test,
		setup: async () => {
			const directory = await mkdtemp(join(tmpdir(), 'ssh-hosts-'));
			const provider = sshHosts({
				hosts: ['node1', 'node2', 'node3', 'node4'],
				directory,
				// Stands in for ssh: takes the bootstrap, and takes its time.
				start: () => ['sh', '-c', 'sleep 0.02; cat > /dev/null'],
				stop: () => ['sh', '-c', 'sleep 0.01'],
			});
			return { provider, teardown: () => rm(directory, { recursive: true, force: true }) };
		},
	});

	test('a host that does not start is free again', async () => {
		const directory = await mkdtemp(join(tmpdir(), 'ssh-hosts-'));
		try {
			const provider = sshHosts({
				hosts: ['node1'],
				directory,
				start: () => ['sh', '-c', 'echo no route to host >&2; exit 255'],
				stop: () => ['true'],
			});
			const request = {
				builderId: 'b1',
				owner: 'test',
				pool: 'default',
				architecture: 'amd64',
				bootstrap: new Uint8Array(),
				lifetimeMs: 60_000,
				network: 'shared',
				labels: {},
			} as const;
			await expect(provider.create(request)).rejects.toMatchObject({
				code: 'machine-failed',
				outcome: 'none',
			});
			expect(await provider.headroom?.(request)).toBe(1);
		} finally {
			await rm(directory, { recursive: true, force: true });
		}
	});
});
