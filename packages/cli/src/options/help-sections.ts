import type { ArgumentSpecification, CommandSpecification, OptionSpecification } from './option-table.js';

/** `-f, --force`, `--build-arg <KEY=VALUE>`, as the parser wants and help shows it. */
export function optionFlags(option: OptionSpecification): string {
	const short = option.short === undefined ? '' : `-${option.short}, `;
	return option.type === 'boolean'
		? `${short}--${option.name}`
		: `${short}--${option.name} <${option.placeholder ?? option.choices?.join('|') ?? option.name}>`;
}

/** The description with what else holds of it. */
export function optionDescription(option: OptionSpecification): string {
	const notes = [
		...(option.type === 'list' ? ['may be repeated'] : []),
		...(option.defaultText === undefined ? [] : [`default: ${option.defaultText}`]),
	];
	return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

/** `container-builder [options] IMAGE DEFINITION`, and a line for each variant. */
export function usageLines(command: CommandSpecification): readonly string[] {
	const { name, options, positionals = [], variants = [] } = command;
	const line = (...parts: readonly string[]): string =>
		[name, ...parts.slice(0, 1), ...(options.length === 0 ? [] : ['[options]']), ...parts.slice(1)]
			.filter(Boolean)
			.join(' ');
	return [
		line('', ...positionals.map(positionalText)),
		...variants.map(({ option, positionals: names }) => line(variantFlags(options, option), ...names)),
	];
}

/** The switch of a variant as one writes it. */
function variantFlags(options: readonly OptionSpecification[], name: string): string {
	const option = options.find((one) => one.name === name);
	return option === undefined ? `--${name}` : optionFlags({ ...option, short: undefined });
}

function positionalText(argument: ArgumentSpecification): string {
	return argument.optional ? `[${argumentWord(argument)}]` : argumentWord(argument);
}

/** `IMAGE`, `ID...`. */
export function argumentWord({ name, repeatable }: ArgumentSpecification): string {
	return repeatable ? `${name}...` : name;
}

/** What help has behind the options: environment, exit codes, examples. */
export function helpTail(command: CommandSpecification): string {
	const { environment = [], examples = [], exitCodes } = command;
	const sections = [
		...(environment.length === 0
			? []
			: [
					'Environment:',
					...environment.flatMap(({ name, description }) => [`  ${name}`, `      ${description}`]),
					'',
				]),
		'Exit codes:',
		...exitCodes.map(([status, meaning]) => `  ${String(status).padEnd(5)}${meaning}`),
		...(examples.length === 0
			? []
			: [
					'',
					'Examples:',
					...examples.flatMap(({ line, description }) => [`  # ${description}`, `  ${line}`]),
				]),
	];
	return `\n${sections.join('\n')}`;
}
