// `npm start [-- IMAGE DEFINITION [options]]`: installs, builds, prepares the builder image where it is missing,
// builds the image by the embedded queue and the local provider, then runs it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { requireNode, requirePackages, virtualMachinePrograms } from './support/prerequisites.mjs';
import {
	bin,
	buildPackages,
	installModules,
	prepareBuilderImage,
	prepareVirtualMachineImage,
	root,
} from './support/project.mjs';
import { run } from './support/run.mjs';
import { main, say } from './support/say.mjs';

const install = !process.argv.includes('--no-install');
const given = process.argv.slice(2).filter((argument) => argument !== '--no-install');
const directory = process.env.INIT_CWD ?? process.cwd();
const hello = ['--force', resolve(directory, 'hello.sif'), resolve(root, 'examples/recipes/hello.def')];
const build = given.length > 0 ? given : hello;
/** Whether it is asked for by `--provider qemu`. */
const inMachines = build.some(
	(argument, at) => argument === '--provider=qemu' || (argument === 'qemu' && build[at - 1] === '--provider'),
);
/** What can be run afterwards; nothing after `--help`, say. */
const image = build
	.filter((argument) => /^[^-].*\.(sif|simg|img)$/.test(argument))
	.map((path) => resolve(directory, path))[0];

/** Without it only root can run an image here, by the builder image's own. */
function hasApptainer() {
	return ['apptainer', 'singularity'].some((program) => spawnSync(program, ['--version']).status === 0);
}

await main(async () => {
	requireNode();
	await requirePackages({ install, programs: inMachines ? virtualMachinePrograms : {} });
	await installModules();
	await buildPackages();
	await prepareBuilderImage();
	if (inMachines) await prepareVirtualMachineImage();

	say(`container-builder ${build.join(' ')}`);
	// It tells what went wrong by itself, and Ctrl-C is its to answer: it gives the builder back first.
	process.on('SIGINT', () => {});
	const command = [bin('container-builder'), ...build];
	const { status, signal } = spawnSync(process.execPath, command, { cwd: directory, stdio: 'inherit' });
	if (status !== 0) {
		process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1);
		return;
	}
	if (image === undefined) return;

	if (process.getuid() !== 0 && !hasApptainer()) {
		say(`${image} is there; this machine has no apptainer to run it: apptainer run ${image}`);
		return;
	}
	say(`running ${image}`);
	await run(resolve(root, 'scripts/apptainer.sh'), ['run', image]);
});
