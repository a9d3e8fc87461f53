import type { CommandSpecification, OptionSpecification } from '../options/option-table.js';
import { type CompletedCommand, type CompletedProgram, completedPrograms } from './completed-program.js';
import { valueKind } from './value-kind.js';

/** The script that completes all commands in zsh: a file `_container-builder` in `$fpath`, or sourced after compinit. */
export function zshCompletion(commands: readonly CommandSpecification[]): string {
	const programs = completedPrograms(commands);
	const names = programs.map(({ name }) => name).join(' ');
	return [
		`#compdef ${names}`,
		'_container_builder() {',
		`  case \${service:-\${words[1]:t}} in`,
		...programs.flatMap(programCase),
		'  esac',
		'}',
		// As an autoloaded function it is the file itself that is called.
		`if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _container_builder "$@"; else compdef _container_builder ${names}; fi`,
		'',
	].join('\n');
}

function programCase({ name, commands }: CompletedProgram): string[] {
	const [only] = commands;
	if (only?.subcommand === undefined) return [`  ${name})`, ...argumentLines(only), '    ;;'];
	const list = commands.map(({ subcommand, summary }) => quoted(`${subcommand}:${summary}`)).join(' ');
	return [
		`  ${name})`,
		`    if ((CURRENT == 2)); then local -a commands=(${list}); _describe command commands; return; fi`,
		'    local command=$words[2]; shift words; ((CURRENT--))',
		'    case $command in',
		...commands.flatMap((command) => [`    ${command.subcommand})`, ...argumentLines(command), '    ;;']),
		'    esac ;;',
	];
}

function argumentLines(command: CompletedCommand | undefined): string[] {
	if (command === undefined) return [];
	const { options, takesFiles, words } = command;
	const others = takesFiles
		? "'*:file:_files'"
		: words.length > 0
			? quoted(`*:command:(${words.join(' ')})`)
			: "'*: :'";
	return [`    _arguments -S ${[...options.flatMap(optionSpecs), others].join(' ')}`];
}

/** As `_arguments` wants them. */
function optionSpecs(option: OptionSpecification): string[] {
	const { name, short, negatable, type, choices, placeholder = '' } = option;
	const description = `[${option.description.replaceAll(/[[\]\\:]/g, '\\$&')}]`;
	const message = placeholder.replaceAll(/[[\]\\:]/g, '\\$&') || ' ';
	const action = {
		none: '',
		choices: `:${message}:(${choices?.join(' ')})`,
		file: `:${message}:_files`,
		directory: `:${message}:_files -/`,
		text: `:${message}: `,
	}[valueKind(option)];
	const repeat = type === 'list' ? '*' : '';
	const equals = action === '' ? '' : '=';
	return [
		quoted(`${repeat}--${name}${equals}${description}${action}`),
		...(short === undefined ? [] : [quoted(`${repeat}-${short}${description}${action}`)]),
		...(negatable ? [quoted(`--no-${name}[the opposite of --${name}]`)] : []),
	];
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}
