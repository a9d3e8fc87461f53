import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../version.js';
import { helpTail, optionDescription, optionFlags, usageLine } from './help-sections.js';
import type { CommandSpecification, OptionSpecification, OptionValues } from './option-table.js';
import { parseDuration } from './parse-duration.js';
import { parseSize } from './parse-size.js';

/** What a command line comes to: values to work with, or a text to print and a status to end with. */
export type Parsed<O extends readonly OptionSpecification[]> =
	| { readonly kind: 'values'; readonly values: OptionValues<O>; readonly positionals: readonly string[] }
	| { readonly kind: 'exit'; readonly status: number; readonly stdout: string; readonly stderr: string };

/** How help is laid out. */
export interface HelpLayout {
	/** Character cells. @default 80 */
	readonly columns?: number | undefined;
}

/**
 * Reads a command line by its table. Never prints and never ends the process: help and version come back as text
 * with status 0, mistakes with status 2.
 */
export function parseCommand<const O extends readonly OptionSpecification[]>(
	specification: CommandSpecification<O>,
	argv: readonly string[],
	layout: HelpLayout = {},
): Parsed<O> {
	let stdout = '';
	let stderr = '';
	const columns = Math.max(40, layout.columns ?? 80);
	const command = new Command(specification.name)
		.exitOverride()
		.configureOutput({
			writeOut: (text) => {
				stdout += text;
			},
			writeErr: (text) => {
				stderr += text;
			},
			outputError: (text, write) => write(`${text.trimEnd().replace(/\n\(/, ' (')}\n`),
			getOutHelpWidth: () => columns,
			getErrHelpWidth: () => columns,
			getOutHasColors: () => false,
			getErrHasColors: () => false,
		})
		.usage(usageLine(specification).slice(specification.name.length + 1))
		.description([specification.summary, ...(specification.details ?? [])].join('\n\n'))
		// Choices and defaults are in the descriptions already.
		.configureHelp({ optionDescription: ({ description }) => description })
		.helpOption('-h, --help', 'print this help')
		.version(version, '-V, --version', 'print the version')
		.addHelpText('after', helpTail(specification))
		.showHelpAfterError(`hint: ${specification.name} --help`)
		.action(() => {});
	for (const { name, description, optional } of specification.positionals ?? [])
		command.argument(optional ? `[${name}]` : `<${name}>`, description);
	for (const option of specification.options) addOption(command, option);
	try {
		command.parse(withPlainSwitches(specification.options, argv), { from: 'user' });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return {
			kind: 'exit',
			status: error.exitCode === 0 ? 0 : 2,
			stdout,
			stderr: stderr.replace(/\n+$/, '\n'),
		};
	}
	return {
		kind: 'values',
		values: namedValues(specification.options, command.opts()) as OptionValues<O>,
		positionals: command.args,
	};
}

/** How numbers are written. */
const READERS: Partial<Record<OptionSpecification['type'], NumberReader>> = {
	count: { form: 'a whole number', read: (text) => (/^\d{1,6}$/.test(text) ? Number(text) : undefined) },
	duration: { form: 'a time such as 90s, 30m or 2h', read: parseDuration },
	size: { form: 'a size such as 200MiB or 8G', read: parseSize },
};

interface NumberReader {
	readonly form: string;
	readonly read: (text: string) => number | undefined;
}

function addOption(command: Command, specification: OptionSpecification): void {
	const option = new Option(optionFlags(specification), optionDescription(specification));
	if (specification.choices !== undefined) option.choices(specification.choices);
	if (specification.type === 'list') {
		option.argParser((value: string, previous: readonly string[] | undefined) => [
			...(previous ?? []),
			value,
		]);
	}
	const reader = READERS[specification.type];
	if (reader !== undefined) {
		option.argParser((text: string) => {
			const value = reader.read(text);
			if (value === undefined) throw new InvalidArgumentError(`It must be ${reader.form}.`);
			return value;
		});
	}
	command.addOption(option);
	if (specification.negatable) {
		command.addOption(new Option(`--no-${specification.name}`, `the opposite of --${specification.name}`));
		// Commander takes the mere existence of `--no-x` for a default of true.
		command.setOptionValue(option.attributeName(), undefined);
	}
}

/** `--tty=false` becomes `--no-tty`, `--force=true` becomes `--force`, `--force=false` nothing. */
function withPlainSwitches(options: readonly OptionSpecification[], argv: readonly string[]): string[] {
	const end = argv.indexOf('--');
	return argv.flatMap((argument, index) => {
		const match = /^--([^=]+)=(true|false|1|0|yes|no)$/.exec(argument);
		const option = options.find(({ name }) => name === match?.[1]);
		if (match === null || option?.type !== 'boolean' || (end >= 0 && index > end)) return [argument];
		if (['true', '1', 'yes'].includes(match[2] ?? '')) return [`--${option.name}`];
		return option.negatable ? [`--no-${option.name}`] : [];
	});
}

function namedValues(
	options: readonly OptionSpecification[],
	values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	const attribute = (name: string) => new Option(`--${name}`).attributeName();
	return Object.fromEntries(
		options
			.map(({ name }) => [name, values[attribute(name)]] as const)
			.filter(([, value]) => value !== undefined),
	);
}
