import type { CommandSpecification, OptionSpecification } from '../options/option-table.js';

/** One command of a program, as shells complete it. */
export interface CompletedCommand {
	/** The word behind the program's name; undefined where there are no subcommands. */
	readonly subcommand: string | undefined;
	readonly summary: string;
	/** Help and version among them. */
	readonly options: readonly OptionSpecification[];
	/** Whether the other words are names of files. */
	readonly takesFiles: boolean;
	/** Words that stand for themselves. */
	readonly words: readonly string[];
}

/** A program with all its commands. */
export interface CompletedProgram {
	readonly name: string;
	readonly commands: readonly CompletedCommand[];
}

const COMMON: readonly OptionSpecification[] = [
	{ name: 'help', short: 'h', type: 'boolean', description: 'print this help' },
	{ name: 'version', short: 'V', type: 'boolean', description: 'print the version' },
];
/** Positional arguments that are names of files. */
const FILES = new Set(['IMAGE', 'DEFINITION']);

/** The commands by the programs that they are of. */
export function completedPrograms(commands: readonly CommandSpecification[]): readonly CompletedProgram[] {
	const names = new Set(commands.map(({ name }) => name.split(' ')[0] ?? name));
	return [...names].map((name) => ({
		name,
		commands: commands.filter((command) => command.name.split(' ')[0] === name).map(completedCommand),
	}));
}

/** The spellings of an option that are offered. */
export function offeredNames({ name, short, negatable }: OptionSpecification): readonly string[] {
	return [`--${name}`, ...(short === undefined ? [] : [`-${short}`]), ...(negatable ? [`--no-${name}`] : [])];
}

function completedCommand({
	name,
	summary,
	options,
	positionals = [],
}: CommandSpecification): CompletedCommand {
	return {
		subcommand: name.split(' ')[1],
		summary,
		options: [...options, ...COMMON],
		takesFiles: positionals.some((positional) => FILES.has(positional.name)),
		words: positionals.flatMap(({ words }) => words ?? []),
	};
}
