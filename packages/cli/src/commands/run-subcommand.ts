import type { CommandMain, Invocation } from '../invocation.js';
import type { CommandSpecification } from '../options/option-table.js';
import { version } from '../version.js';

/** Hands on to the subcommand that is named first, or tells which there are. */
export async function runSubcommand(
	program: string,
	summary: string,
	invocation: Invocation,
	subcommands: readonly (readonly [CommandSpecification, CommandMain])[],
): Promise<number> {
	const [first, ...rest] = invocation.argv;
	const known = subcommands.map(([{ name }]) => name.slice(program.length + 1));
	const found = subcommands[known.indexOf(first ?? '')];
	if (found !== undefined) return found[1]({ ...invocation, argv: rest });
	if (first === '--version' || first === '-V') {
		invocation.stdout.write(`${version}\n`);
		return 0;
	}
	if (first === '--help' || first === '-h') {
		invocation.stdout.write(help(program, summary, subcommands));
		return 0;
	}
	const problem = first === undefined ? 'a subcommand is needed' : `unknown subcommand '${first}'`;
	invocation.stderr.write(`error: ${problem} (${known.join(', ')})\nhint: ${program} --help\n`);
	return 2;
}

function help(
	program: string,
	summary: string,
	subcommands: readonly (readonly [CommandSpecification, CommandMain])[],
): string {
	const width = Math.max(...subcommands.map(([{ name }]) => name.length)) + 2;
	const lines = subcommands.map(([{ name, summary: what }]) => `  ${name.padEnd(width)}${what}`);
	return [
		`Usage: ${program} SUBCOMMAND [options]`,
		'',
		summary,
		'',
		...lines,
		'',
		`  ${program} SUBCOMMAND --help tells more.`,
		'',
	].join('\n');
}
