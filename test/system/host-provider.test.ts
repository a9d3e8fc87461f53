import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand, startProcess } from '../support/command.js';
import { useWorkspace } from '../support/workspace.js';

describe('--provider host', () => {
	const workspace = useWorkspace();

	it('builds with the apptainer of the machine, as an ordinary user of it', async () => {
		chmodSync(workspace.path, 0o755);
		// The builder image stands for a machine with apptainer: it has Node too.
		const script = `cd "$HOME" && node /checkout/packages/cli/dist/bin/container-builder.js --provider host out.sif \\
			/checkout/examples/recipes/hello.def && apptainer --silent run out.sif && ls -A .cache/container-builder/disks /tmp/container-builder-1000`;
		const asUser = [
			'setpriv',
			'--reuid',
			'1000',
			'--regid',
			'1000',
			'--clear-groups',
			'env',
			'HOME=/home/builder',
		];
		const result = await startProcess(join(root, 'scripts/in-builder-image.sh'), [
			...['--bind', `${root}:/checkout`],
			...asUser,
			...['bash', '-c', script],
		]).ended;
		expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
		expect(result.stdout).toMatch(/Hello from a container/);
		expect(result.stdout.split(/^\.cache\/container-builder\/disks:$/m)[1]).toBe(
			'\n\n/tmp/container-builder-1000:\n',
		);
	});

	it('says what to install where there is no apptainer', async () => {
		const result = await runCommand(
			'container-builder',
			['--provider', 'host', join(workspace.path, 'out.sif'), join(root, 'examples/recipes/hello.def')],
			{ environment: { PATH: '/usr/bin:/bin' } },
		);
		expect(result.status, result.stderr).toBe(4);
		expect(result.stderr).toMatch(/^error: .*neither apptainer nor singularity is installed/m);
		expect(result.stderr).toMatch(/^hint: .*Apptainer/m);
	});
});
