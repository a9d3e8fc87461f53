import type { CommandSpecification, OptionSpecification } from '../options/option-table.js';
import { type CompletedCommand, completedPrograms } from './completed-program.js';
import { valueKind } from './value-kind.js';

/** The script that completes all commands in fish. */
export function fishCompletion(commands: readonly CommandSpecification[]): string {
	const lines = completedPrograms(commands).flatMap(({ name, commands: own }) =>
		own.flatMap((command) => commandLines(name, command)),
	);
	return ['# fish completion of container-builder', ...lines, ''].join('\n');
}

function commandLines(
	program: string,
	{ subcommand, summary, options, takesFiles, words }: CompletedCommand,
): string[] {
	const start = `complete -c ${program}`;
	const seen = subcommand === undefined ? '' : ` -n '__fish_seen_subcommand_from ${subcommand}'`;
	return [
		...(subcommand === undefined
			? []
			: [`${start} -f -n __fish_use_subcommand -a ${subcommand} -d ${quoted(summary)}`]),
		...(takesFiles
			? []
			: [`${start}${seen} -f${words.length === 0 ? '' : ` -a ${quoted(words.join(' '))}`}`]),
		...options.flatMap((option) => optionLines(`${start}${seen}`, option)),
	];
}

function optionLines(start: string, option: OptionSpecification): string[] {
	const { name, short, negatable, choices } = option;
	const value = {
		none: '',
		choices: ` -x -a ${quoted(choices?.join(' ') ?? '')}`,
		file: ' -r -F',
		directory: " -x -a '(__fish_complete_directories)'",
		text: ' -x',
	}[valueKind(option)];
	const shortName = short === undefined ? '' : ` -s ${short}`;
	return [
		`${start} -l ${name}${shortName}${value} -d ${quoted(option.description)}`,
		...(negatable ? [`${start} -l no-${name} -d ${quoted(`the opposite of --${name}`)}`] : []),
	];
}

function quoted(text: string): string {
	return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
