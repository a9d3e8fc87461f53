/** One option of a command: feeds the parser, `--help` and the generated documentation. */
export interface OptionSpecification {
	/** Without its dashes. */
	readonly name: string;
	readonly short?: string | undefined;
	/** Other spellings that are taken, without their dashes; shown in the documentation only. */
	readonly aliases?: readonly string[] | undefined;
	/** Under which heading of `--help` it stands. @default 'Options' */
	readonly section?: string | undefined;
	/**
	 * - `boolean`: a switch; `--name=true|false` works too, as it did in the original;
	 * - `text`, `count` (a whole number, 0 or more), `duration` (`90s`, `30m`, `2h`; a bare number is seconds),
	 *   `size` (`200MiB`, `8G`; a bare number is bytes);
	 * - `list`: may be given several times.
	 */
	readonly type: 'boolean' | 'text' | 'count' | 'duration' | 'size' | 'list';
	/** Adds `--no-name`; the value is undefined where neither is given. */
	readonly negatable?: boolean | undefined;
	/** What stands for the value in help: `URL`. */
	readonly placeholder?: string | undefined;
	/** The only values that are taken, of a `text`. */
	readonly choices?: readonly string[] | undefined;
	/** A phrase without a full stop. */
	readonly description: string;
	/** What holds where it is not given, in words. */
	readonly defaultText?: string | undefined;
}

/** One positional argument. */
export interface ArgumentSpecification {
	/** As help shows it: in capitals where it stands for something. */
	readonly name: string;
	readonly description: string;
	/** @default false */
	readonly optional?: boolean | undefined;
	/** The words that it can be, where there are some; for completion. */
	readonly words?: readonly string[] | undefined;
	/** Whether there may be several; of the last one only. @default false */
	readonly repeatable?: boolean | undefined;
}

/** One environment variable that a command reads. */
export interface VariableSpecification {
	readonly name: string;
	readonly description: string;
}

/** A command, as data. */
export interface CommandSpecification<
	O extends readonly OptionSpecification[] = readonly OptionSpecification[],
> {
	/** With the program's name in front, for a subcommand: `cb-image make`. */
	readonly name: string;
	/** One sentence. */
	readonly summary: string;
	/** Further paragraphs, for `--help` and the documentation. */
	readonly details?: readonly string[] | undefined;
	readonly positionals?: readonly ArgumentSpecification[] | undefined;
	/** With this switch the command takes these of its positional arguments only. */
	readonly variants?:
		| readonly { readonly option: string; readonly positionals: readonly string[] }[]
		| undefined;
	readonly options: O;
	readonly environment?: readonly VariableSpecification[] | undefined;
	/** Whether it goes on where the user's configuration cannot be read: it tells of it itself. @default false */
	readonly examinesConfiguration?: boolean | undefined;
	readonly examples?: readonly { readonly line: string; readonly description: string }[] | undefined;
	/** Status to meaning. */
	readonly exitCodes: readonly (readonly [number, string])[];
}

type ValueOf<O extends OptionSpecification> = O['type'] extends 'boolean'
	? boolean
	: O['type'] extends 'count' | 'duration' | 'size'
		? number
		: O['type'] extends 'list'
			? readonly string[]
			: O extends { readonly choices: readonly (infer C)[] }
				? C
				: string;

/** The values of a command's options, by name. Durations are milliseconds, sizes bytes. Absent is what was not given. */
export type OptionValues<O extends readonly OptionSpecification[]> = {
	readonly [E in O[number] as E['name']]?: ValueOf<E> | undefined;
};

/** Keeps the names and types of a table for {@link OptionValues}. */
export function defineCommand<const O extends readonly OptionSpecification[]>(
	command: CommandSpecification<O>,
): CommandSpecification<O> {
	return command;
}
