import { optionDescription, optionFlags, usageLines } from '../options/help-sections.js';
import type { CommandSpecification, OptionSpecification } from '../options/option-table.js';

/** The manual page of a command, in section 1: man(7) macros. */
export function manPage(command: CommandSpecification, version: string): string {
	const { name, summary, details = [], positionals = [], options, environment = [], examples = [] } = command;
	const title = name.replaceAll(' ', '-');
	return [
		`.TH ${title.toUpperCase()} 1 "" ${word(`container-builder ${version}`)} ${word('container-builder')}`,
		'.SH NAME',
		`${text(title)} \\- ${text(summary.replace(/\.$/, ''))}`,
		'.SH SYNOPSIS',
		'.nf',
		...usageLines(command).map((line) => text(line)),
		'.fi',
		'.SH DESCRIPTION',
		text(summary),
		...details.flatMap((paragraph) => ['.PP', text(paragraph)]),
		...positionals.flatMap((positional) => item(positional.name, positional.description)),
		...optionSections(options),
		...(environment.length === 0 ? [] : ['.SH ENVIRONMENT']),
		...environment.flatMap((variable) => item(variable.name, variable.description)),
		'.SH EXIT STATUS',
		...command.exitCodes.flatMap(([status, meaning]) => item(String(status), meaning)),
		...(examples.length === 0 ? [] : ['.SH EXAMPLES']),
		...examples.flatMap(({ line, description }) => [
			'.PP',
			text(`${description}:`),
			'.PP',
			'.nf',
			text(`    ${line}`),
			'.fi',
		]),
		'',
	].join('\n');
}

function optionSections(options: readonly OptionSpecification[]): string[] {
	const sections = new Set(options.map(({ section }) => section));
	return [...sections].flatMap((section) => [
		`.SH ${section === undefined ? 'OPTIONS' : text(section.toUpperCase())}`,
		...options
			.filter((option) => option.section === section)
			.flatMap((option) => item(optionNames(option), optionDescription(option))),
	]);
}

function optionNames(option: OptionSpecification): string {
	return [optionFlags(option), ...(option.negatable ? [`--no-${option.name}`] : [])].join(', ');
}

function item(tag: string, description: string): string[] {
	return ['.TP', `.B ${text(tag)}`, text(description)];
}

/** A line of text: nothing of it is taken for a request or an escape, and hyphens can be copied into a shell. */
function text(line: string): string {
	const escaped = line
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll("'", '\\(aq')
		.replaceAll('`', '\\(ga');
	return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** One argument of a request. */
function word(argument: string): string {
	return `"${argument.replaceAll('"', '""')}"`;
}
