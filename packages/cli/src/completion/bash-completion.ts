import type { CommandSpecification } from '../options/option-table.js';
import { type CompletedCommand, completedPrograms, offeredNames } from './completed-program.js';
import { valueKind } from './value-kind.js';

/** The script that completes all commands in bash; it needs nothing else, bash-completion neither. */
export function bashCompletion(commands: readonly CommandSpecification[]): string {
	const programs = completedPrograms(commands);
	return [
		'# bash completion of container-builder',
		'_container_builder_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen "$1" -- "$2"); }',
		'_container_builder_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }',
		'_container_builder() {',
		`  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[0]##*/}`,
		// `=` breaks words: `--format=sif` comes as three.
		`  if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi`,
		'  COMPREPLY=()',
		'  case $command in',
		...programs
			.filter(({ commands: [first] }) => first?.subcommand !== undefined)
			.flatMap(({ name, commands: subcommands }) => [
				`  ${name})`,
				`    if ((COMP_CWORD == 1)); then _container_builder_words '${subcommands.map(({ subcommand }) => subcommand).join(' ')}' "$cur"; return; fi`,
				`    command+=" \${COMP_WORDS[1]}" ;;`,
			]),
		'  esac',
		'  case $command in',
		...programs.flatMap(({ name, commands: own }) => own.flatMap((command) => commandCase(name, command))),
		'  esac',
		'}',
		`complete -F _container_builder ${programs.map(({ name }) => name).join(' ')}`,
		'',
	].join('\n');
}

function commandCase(
	program: string,
	{ subcommand, options, takesFiles, words }: CompletedCommand,
): string[] {
	const name = subcommand === undefined ? program : `"${program} ${subcommand}"`;
	const valued = options.flatMap((option) => {
		const kind = valueKind(option);
		if (kind === 'none') return [];
		const pattern = [`--${option.name}`, ...(option.short === undefined ? [] : [`-${option.short}`])].join(
			'|',
		);
		const action = {
			choices: `_container_builder_words '${option.choices?.join(' ')}' "$cur"; `,
			file: '_container_builder_files -f "$cur"; ',
			directory: '_container_builder_files -d "$cur"; ',
			text: '',
		}[kind];
		return [`    ${pattern}) ${action}return ;;`];
	});
	const other = takesFiles
		? '_container_builder_files -f "$cur"'
		: `_container_builder_words '${words.join(' ')}' "$cur"`;
	return [
		`  ${name})`,
		'    case $prev in',
		...valued,
		'    esac',
		`    if [[ $cur == -* ]]; then _container_builder_words '${options.flatMap(offeredNames).join(' ')}' "$cur"`,
		`    else ${other}; fi ;;`,
	];
}
