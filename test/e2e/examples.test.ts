import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endGroup, startProcess } from '../support/command.js';
import { apptainer } from '../support/in-image.js';
import { useWorkspace } from '../support/workspace.js';

describe('the examples', () => {
	const workspace = useWorkspace();
	const npmStart = (name: string, environment: Record<string, string>, ...args: string[]) =>
		startProcess('npm', ['start', '--workspace', `@olcf/example-${name}`, '--', ...args], {
			environment,
			group: true,
		});

	it('embed-basic builds in ten lines', async () => {
		const image = join(workspace.path, 'embedded.sif');
		const result = await npmStart('embed-basic', {}, image).ended;
		expect(result.status, result.stderr).toBe(0);
		expect(result.stdout).toContain('Build complete');
		expect(await apptainer('run', image)).toMatch(/hello/i);
	});

	it('http-service streams a build as server-sent events and serves its image', async () => {
		const service = npmStart('http-service', { PORT: '0' });
		await service.until(/http:\/\/127\.0\.0\.1:\d+\/builds/);
		const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said.stdout.toString())?.[0] ?? '';
		try {
			const recipe =
				'Bootstrap: scratch\n\n%setup\n    mkdir -p $APPTAINER_ROOTFS/bin\n    cp /bin/busybox $APPTAINER_ROOTFS/bin/sh\n';
			const events = await (await fetch(`${url}/builds`, { method: 'POST', body: recipe })).text();
			expect(events.indexOf('event: build-start')).toBeGreaterThanOrEqual(0);
			expect(events).toContain('event: output');
			expect(events.lastIndexOf('event: ')).toBe(events.indexOf('event: build-end'));
			const id = /"buildId":"([^"]+)"/.exec(events)?.[1];
			const image = Buffer.from(await (await fetch(`${url}/images/${id}`)).arrayBuffer());
			expect(image.subarray(32, 41).toString()).toBe('SIF_MAGIC');
		} finally {
			await endGroup(service);
		}
	});
});
