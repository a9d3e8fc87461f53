import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { describeCheck } from '../output/describe-check.js';
import { writeJson } from '../output/write-json.js';
import { readArchitecture } from './read-architecture.js';
import { readBackend } from './read-backend.js';
import { readBuildArguments } from './read-build-arguments.js';
import { readContext } from './read-context.js';
import { readLogins } from './read-logins.js';
import { readSecrets } from './read-secrets.js';
import type { CommandContext } from './run-command.js';

/** `container-builder --check DEFINITION`: what it finds goes to stdout. 0 without errors, else 2. */
export async function checkDefinition(context: CommandContext<typeof containerBuilderCommand.options>) {
	const { values, positionals, invocation, signal } = context;
	const { stdout, directory } = invocation;
	const [definition = ''] = positionals;
	// Whether they are there is part of the check.
	const secrets = await readSecrets(values.secret ?? [], invocation);
	const core = await import('../index.js');
	const report = await core.checkDefinition(definition, {
		signal,
		directory,
		arguments: await readBuildArguments(values, invocation),
		target: values.target,
		format: values.format,
		architecture: readArchitecture(values.arch),
		backend: readBackend(values.backend),
		logins: await readLogins(values.authfile, context),
		secretIds: secrets.map(({ id }) => id),
		...(await readContext(values, { directory })),
	});
	if (values.json) writeJson(stdout, report);
	else stdout.write(describeCheck(report));
	return report.problems.some(({ severity }) => severity === 'error') ? 2 : 0;
}
