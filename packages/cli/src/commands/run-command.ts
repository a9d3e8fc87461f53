import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { UserConfiguration } from '../configuration/user-configuration.js';
import { type Interrupts, listenForInterrupts } from '../interrupts.js';
import type { Invocation } from '../invocation.js';
import type { CommandSpecification, OptionSpecification, OptionValues } from '../options/option-table.js';
import { parseCommand } from '../options/parse-command.js';
import { describeError } from '../output/describe-error.js';
import { type Phases, type ProgressMode, phasesFor } from '../output/phases.js';
import { writeJson } from '../output/write-json.js';
import { configurationFor } from './configuration-for.js';
import { withConfigured } from './with-configured.js';

/** What the body of a command works with. */
export interface CommandContext<O extends readonly OptionSpecification[]> {
	/** What was given, and of the user's configuration what was not. */
	readonly values: OptionValues<O>;
	readonly configuration: UserConfiguration;
	readonly positionals: readonly string[];
	readonly invocation: Invocation;
	readonly phases: Phases;
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
}

/**
 * What all commands have in common: reads the options, runs `body`, tells of a failure and turns it into the exit
 * status. `argv` is the invocation's, less the name of a subcommand.
 */
export async function runCommand<const O extends readonly OptionSpecification[]>(
	specification: CommandSpecification<O>,
	invocation: Invocation,
	body: (context: CommandContext<O>) => Promise<number>,
): Promise<number> {
	const { stdout, stderr } = invocation;
	const parsed = parseCommand(specification, invocation.argv, { columns: stdout.columns });
	if (parsed.kind === 'exit') {
		stdout.write(parsed.stdout);
		stderr.write(parsed.stderr);
		return parsed.status;
	}
	const { positionals } = parsed;
	let configuration: UserConfiguration;
	try {
		configuration = await configurationFor(specification, parsed.values, invocation);
	} catch (caught) {
		return tellError(ContainerBuilderError.from(caught), parsed.values, invocation);
	}
	const values = withConfigured(specification, parsed.values, configuration);
	const { progress }: { readonly progress?: ProgressMode | undefined } = values;
	const phases = await phasesFor(stderr, invocation.environment, progress);
	const interrupts: Interrupts = listenForInterrupts(invocation, () => phases.line('User requested exit'));
	const { signal } = interrupts;
	try {
		return await body({ values, configuration, positionals, invocation, phases, signal });
	} catch (caught) {
		phases.stop();
		const error = ContainerBuilderError.from(caught);
		const isExpected = error.code === 'canceled' && signal.aborted;
		return tellError(error, values, invocation, { isExpected });
	} finally {
		phases.stop();
		interrupts.close();
	}
}

/** Says what a command failed with; that Ctrl-C ended it needs no words. Returns the exit status. */
function tellError(
	error: ContainerBuilderError,
	flags: { readonly json?: unknown; readonly debug?: unknown },
	{ stdout, stderr }: Invocation,
	{ isExpected = false }: { readonly isExpected?: boolean } = {},
): number {
	if (!isExpected) {
		const debug = flags.debug === true || error.code === 'internal';
		for (const line of describeError(error, { debug })) stderr.write(`${line}\n`);
	}
	if (flags.json === true) {
		const status = error.code === 'canceled' ? 'canceled' : 'failed';
		writeJson(stdout, { status, error: error.toJSON(), build: error.build });
	}
	return error.exitCode;
}
