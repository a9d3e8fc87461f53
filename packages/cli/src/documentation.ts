import { commandList } from './command-list.js';
import { guides } from './guides.js';
import { optionDescription, optionFlags, usageLines } from './options/help-sections.js';
import type { CommandSpecification, OptionSpecification } from './options/option-table.js';

/** `docs/cli.md`: all commands from their tables, for `scripts/generate-docs.mjs` and the test that compares. */
export function documentation(): string {
	return [
		'# Commands',
		'',
		'<!-- Made by packages/cli/scripts/generate-docs.mjs from the tables in packages/cli/src/options. -->',
		'',
		'Results and `--json` go to stdout, everything else to stderr. Each command has `--help` and `--version`.',
		'A switch takes `--name=true` and `--name=false` too.',
		'',
		...commandList.flatMap(describeCommand),
		'## cb-builder',
		'',
		'The daemon on a builder: started by providers, not by people. `cb-builder --help` tells its options.',
		'',
		guides,
	].join('\n');
}

function describeCommand(command: CommandSpecification): string[] {
	const { name, summary, details = [], positionals = [], options, environment = [], examples = [] } = command;
	return [
		`## ${name}`,
		'',
		summary,
		'',
		...details.flatMap((paragraph) => [paragraph, '']),
		'```',
		...usageLines(command),
		'```',
		'',
		...table(
			['argument', 'meaning'],
			positionals.map((positional) => [code(positional.name), positional.description]),
		),
		...optionTables(options),
		...table(
			['environment', 'meaning'],
			environment.map((variable) => [variable.name.split(', ').map(code).join(', '), variable.description]),
		),
		...table(
			['exit code', 'meaning'],
			command.exitCodes.map(([status, meaning]) => [String(status), meaning]),
		),
		...(examples.length === 0
			? []
			: ['```sh', ...examples.flatMap(({ line, description }) => [`# ${description}`, line]), '```', '']),
	];
}

/** One table for each heading that `--help` has. */
function optionTables(options: readonly OptionSpecification[]): string[] {
	const sections = new Set(options.map(({ section }) => section));
	return [...sections].flatMap((section) => [
		...(section === undefined ? [] : [`${section}:`, '']),
		...table(
			['option', 'meaning'],
			options
				.filter((option) => option.section === section)
				.map((option) => [optionNames(option), optionDescription(option)]),
		),
	]);
}

function optionNames(option: OptionSpecification): string {
	const others = [...(option.negatable ? [`no-${option.name}`] : []), ...(option.aliases ?? [])];
	return [code(optionFlags(option)), ...others.map((name) => code(`--${name}`))].join(', ');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
	if (rows.length === 0) return [];
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(heads), line(heads.map(() => '---')), ...rows.map(line), ''];
}

function code(text: string): string {
	return `\`${text}\``;
}
