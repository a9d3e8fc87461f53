import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../version.js';
import { argumentWord, helpTail, optionDescription, optionFlags, usageLines } from './help-sections.js';
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
	const words = withPlainSwitches(specification.options, argv);
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
		.usage(usageOf(specification))
		.description([specification.summary, ...(specification.details ?? [])].join('\n\n'))
		// Choices and defaults are in the descriptions already.
		.configureHelp({ optionDescription: ({ description }) => description })
		.helpOption('-h, --help', 'print this help')
		.version(version, '-V, --version', 'print the version')
		.addHelpText('after', helpTail(specification))
		.showHelpAfterError(`hint: ${specification.name} --help`)
		.action(() => {});
	for (const argument of positionalsOf(specification, words)) {
		const word = argumentWord(argument);
		command.argument(argument.optional ? `[${word}]` : `<${word}>`, argument.description);
	}
	for (const option of specification.options) addOption(command, option);
	try {
		command.parse(words, { from: 'user' });
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

/** Without the program's name in the first line, which commander puts there. */
function usageOf(specification: CommandSpecification): string {
	const [first = '', ...others] = usageLines(specification);
	const indent = '\n'.padEnd('\nUsage: '.length);
	return [first.slice(specification.name.length + 1), ...others].join(indent);
}

/** Those of the variant whose switch is given; help shows all. */
function positionalsOf({ positionals = [], variants = [] }: CommandSpecification, words: readonly string[]) {
	const end = words.indexOf('--');
	const given = end < 0 ? words : words.slice(0, end);
	if (given.includes('--help') || given.includes('-h')) return positionals;
	const variant = variants.find(({ option }) =>
		given.some((word) => word === `--${option}` || word.startsWith(`--${option}=`)),
	);
	return variant === undefined
		? positionals
		: positionals.filter(({ name }) => variant.positionals.includes(name));
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
	if (specification.section !== undefined) option.helpGroup(`${specification.section}:`);
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
		const opposite = new Option(`--no-${specification.name}`, `the opposite of --${specification.name}`);
		if (specification.section !== undefined) opposite.helpGroup(`${specification.section}:`);
		command.addOption(opposite);
		// Commander takes the mere existence of `--no-x` for a default of true.
		command.setOptionValue(option.attributeName(), undefined);
	}
}

/** `--tty=false` becomes `--no-tty`, `--force=true` becomes `--force`, `--force=false` nothing; aliases become names. */
function withPlainSwitches(options: readonly OptionSpecification[], argv: readonly string[]): string[] {
	const end = argv.indexOf('--');
	return argv.flatMap((argument, index) => {
		const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
		if (match === null || (end >= 0 && index > end)) return [argument];
		const [, given = '', value] = match;
		const option = options.find(({ name, aliases }) => name === given || aliases?.includes(given));
		if (option === undefined) return [argument];
		const plain = `--${option.name}`;
		if (value === undefined) return [plain];
		if (option.type !== 'boolean' || !SWITCH_VALUES.has(value)) return [`${plain}=${value}`];
		if (SWITCH_VALUES.get(value)) return [plain];
		return option.negatable ? [`--no-${option.name}`] : [];
	});
}

const SWITCH_VALUES: ReadonlyMap<string, boolean> = new Map([
	['true', true],
	['1', true],
	['yes', true],
	['false', false],
	['0', false],
	['no', false],
]);

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
