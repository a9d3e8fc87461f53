// `npm start [-- IMAGE DEFINITION [options]]`: installs, builds, prepares the builder image where it is missing,
// builds the image by the embedded queue and the local provider, then runs it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { requireNode, requirePackages } from './support/prerequisites.mjs';
import { bin, buildPackages, installModules, prepareBuilderImage, root } from './support/project.mjs';
import { run } from './support/run.mjs';
import { main, say } from './support/say.mjs';

const install = !process.argv.includes('--no-install');
const given = process.argv.slice(2).filter((argument) => argument !== '--no-install');
const own = given.length > 0;
const image = resolve(process.env.INIT_CWD ?? process.cwd(), own ? (given[0] ?? '') : 'hello.sif');
const build = own ? given : ['--force', image, resolve(root, 'examples/recipes/hello.def')];

/** Without it only root can run an image here, by the builder image's own. */
function hasApptainer() {
	return ['apptainer', 'singularity'].some((program) => spawnSync(program, ['--version']).status === 0);
}

await main(async () => {
	requireNode();
	await requirePackages({ install });
	await installModules();
	await buildPackages();
	await prepareBuilderImage();

	say(`container-builder ${build.join(' ')}`);
	await run(process.execPath, [bin('container-builder'), ...build], {
		cwd: process.env.INIT_CWD ?? process.cwd(),
	});
	if (own && !build.some((argument) => argument.endsWith('.sif'))) return;

	if (process.getuid() !== 0 && !hasApptainer()) {
		say(`${image} is there; this machine has no apptainer to run it: apptainer run ${image}`);
		return;
	}
	say(`running ${image}`);
	await run(resolve(root, 'scripts/apptainer.sh'), ['run', image]);
});
