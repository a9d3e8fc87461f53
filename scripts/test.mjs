// `npm test` (unit, conformance, end to end), `npm run test:system` (the long ones) and `npm run test:nightly` (those whose
// number makes them good, in their long form). The last line counts.
import { join } from 'node:path';
import { requireNode, requirePackages, virtualMachinePrograms } from './support/prerequisites.mjs';
import { buildPackages, installModules, prepareBuilderImage, root } from './support/project.mjs';
import { main, say } from './support/say.mjs';
import { addCounts, countLine } from './support/tally.mjs';
import { vitest } from './support/vitest.mjs';

const install = !process.argv.includes('--no-install');
const nightly = process.argv.includes('--nightly');
const system = nightly || process.argv.includes('--system');
const projects = system ? ['system'] : ['unit', 'e2e'];
const longForm = { FUZZ_FRAMES: '1000000', NETWORK_CUT_SECONDS: '360' };
if (nightly) {
	Object.assign(process.env, { ...longForm, ...process.env });
	projects.unshift('unit', 'e2e');
}
/** What the tests need beside what a build needs; RPM packages, passwords and machines only the system tests make. */
const programs = {
	openssl: 'openssl',
	socat: 'socat',
	'docker-registry': 'docker-registry',
	skopeo: 'skopeo',
	groff: 'groff-base',
	zsh: 'zsh',
	fish: 'fish',
	tmux: 'tmux',
	munged: 'munge',
	'systemd-analyze': 'systemd',
	...(system
		? {
				...{ rpmbuild: 'rpm', createrepo_c: 'createrepo-c', htpasswd: 'apache2-utils' },
				...virtualMachinePrograms,
			}
		: {}),
};

await main(async () => {
	requireNode();
	await requirePackages({ install, programs });
	await installModules();
	await buildPackages();
	await prepareBuilderImage();
	let total = { passed: 0, failed: 0, skipped: 0 };
	for (const project of projects) {
		say(`tests: ${project}`);
		total = addCounts(
			total,
			await vitest(project, { cwd: root, report: join(root, 'node_modules', '.stamps', `${project}.json`) }),
		);
	}
	process.stdout.write(`${countLine(total)}\n`);
	process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
});
