import { describe, expect, test } from 'vitest';
import { commandList } from '../src/command-list.js';
import { cbImageMakeCommand } from '../src/options/cb-image-options.js';
import { containerBuilderCommand } from '../src/options/container-builder-options.js';
import { parseCommand } from '../src/options/parse-command.js';
import { version } from '../src/version.js';

const parse = (...argv: string[]) => parseCommand(containerBuilderCommand, argv, { columns: 100 });
const valuesOf = (...argv: string[]) => {
	const parsed = parse(...argv, 'a.sif', 'a.def');
	if (parsed.kind !== 'values') throw new Error(parsed.stderr);
	expect(parsed.positionals).toEqual(['a.sif', 'a.def']);
	return parsed.values;
};

describe('values', () => {
	test.each([
		[[], {}],
		[['--force'], { force: true }],
		[['-f'], { force: true }],
		[['--force=true'], { force: true }],
		[['--force=false'], {}],
		[['--tty'], { tty: true }],
		[['--no-tty'], { tty: false }],
		[['--tty=true'], { tty: true }],
		[['--tty=false'], { tty: false }],
		[['--build-arg', 'A=1', '--build-arg=B=x=y'], { 'build-arg': ['A=1', 'B=x=y'] }],
		[['--limit-time', '90'], { 'limit-time': 90_000 }],
		[['--limit-time=1.5h'], { 'limit-time': 5_400_000 }],
		[['--limit-disk', '200MiB'], { 'limit-disk': 200 * 2 ** 20 }],
		[['--limit-memory', '8g'], { 'limit-memory': 8 * 2 ** 30 }],
		[['--reserve', '3'], { reserve: 3 }],
		[['--provider', 'host', '--network=none'], { provider: 'host', network: 'none' }],
		[['--queue', 'q.example'], { queue: 'q.example' }],
		[['--transfer_context'], { 'transfer-context': true }],
		[['--transfer_context=true'], { 'transfer-context': true }],
		[['--transfer_context=false'], {}],
		[['--build-arg=transfer_context=true'], { 'build-arg': ['transfer_context=true'] }],
		[['--context=dir', '--context-limit', '1.5GiB'], { context: 'dir', 'context-limit': 1.5 * 2 ** 30 }],
		[['--secret', 'id=a,src=b', '--secret', 'id=c'], { secret: ['id=a,src=b', 'id=c'] }],
		[['--format', 'oci-archive', '--compress=gzip'], { format: 'oci-archive', compress: 'gzip' }],
	])('%j', (argv, expected) => {
		expect(valuesOf(...argv)).toEqual(expected);
	});

	test('what looks like a switch behind -- is an argument', () => {
		const parsed = parse('--', '--tty=false', 'a.def');
		expect(parsed).toMatchObject({ kind: 'values', positionals: ['--tty=false', 'a.def'], values: {} });
	});
});

describe('mistakes end with status 2 and one line that tells', () => {
	test.each([
		[['--forse', 'a', 'b'], /^error: unknown option '--forse' \(Did you mean --force\?\)$/m],
		[['a'], /^error: missing required argument 'DEFINITION'$/m],
		[['a', 'b', 'c'], /^error: too many arguments\. Expected 2 arguments but got 3\.$/m],
		[['--build-arg'], /^error: option '--build-arg <KEY\[=VALUE\]>' argument missing$/m],
		[['--limit-time', 'soon', 'a', 'b'], /argument 'soon' is invalid\. It must be a time such as 90s/],
		[['--limit-time', '0', 'a', 'b'], /argument '0' is invalid/],
		[['--limit-disk', 'lots', 'a', 'b'], /It must be a size such as 200MiB/],
		[['--reserve', '-1', 'a', 'b'], /argument '-1' is invalid\. It must be a whole number/],
		[['--provider', 'cloud', 'a', 'b'], /Allowed choices are local, qemu, host\./],
	])('%j', (argv, message) => {
		const parsed = parse(...argv);
		if (parsed.kind !== 'exit') throw new Error('it was taken');
		expect(parsed.status).toBe(2);
		expect(parsed.stdout).toBe('');
		expect(parsed.stderr).toMatch(message);
		expect(parsed.stderr.match(/^error: /gm)).toHaveLength(1);
		expect(parsed.stderr).toMatch(/\nhint: container-builder --help\n$/);
	});
});

describe('help and version', () => {
	test('version goes to stdout', () => {
		expect(parse('--version')).toEqual({ kind: 'exit', status: 0, stdout: `${version}\n`, stderr: '' });
	});

	test.each(commandList.map((command) => [command.name, command] as const))('help of %s', (name, command) => {
		const parsed = parseCommand(command, ['--help'], { columns: 100 });
		if (parsed.kind !== 'exit') throw new Error('no help');
		expect(parsed.status).toBe(0);
		expect(parsed.stderr).toBe('');
		expect(parsed.stdout).toMatch(new RegExp(`^Usage: ${name}( |$)`, 'm'));
		expect(parsed.stdout.replace(/\s+/g, ' ')).toContain(command.summary);
		for (const option of command.options) expect(parsed.stdout).toContain(`--${option.name}`);
		for (const [status] of command.exitCodes) {
			expect(parsed.stdout).toMatch(new RegExp(`^  ${status} `, 'm'));
		}
		for (const { line } of command.examples ?? []) expect(parsed.stdout).toContain(`  ${line}\n`);
		for (const variable of command.environment ?? []) expect(parsed.stdout).toContain(variable.name);
		const [options = ''] = parsed.stdout.split('\nEnvironment:');
		for (const line of options.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
	});

	test('no option is in a table twice, and none is hidden by --help or --version', () => {
		for (const { options } of commandList) {
			const names = options.flatMap(({ name, short, negatable }) => [
				name,
				...(short === undefined ? [] : [short]),
				...(negatable ? [`no-${name}`] : []),
			]);
			expect(new Set(names).size).toBe(names.length);
			for (const taken of ['help', 'version', 'h', 'V']) expect(names).not.toContain(taken);
		}
	});

	test('the examples of the tables are taken by their own tables', () => {
		for (const command of commandList) {
			for (const { line } of command.examples ?? []) {
				const words = line.split(' ').slice(command.name.split(' ').length);
				expect(parseCommand(command, words), line).toMatchObject({ kind: 'values' });
			}
		}
		expect(cbImageMakeCommand.examples?.length).toBeGreaterThan(0);
	});
});
