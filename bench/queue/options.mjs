import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/support/say.mjs';
import { read } from '../pool-simulation/option-values.mjs';

const list = (one) => (name, text) => text.split(',').map((part) => one(name, part));

const READERS = {
	waiting: list(read.count(1)),
	store: list(read.choice(['lmdb', 'memory'])),
	builders: read.count(1),
	users: read.count(1),
	'hand-outs': read.count(1),
	rate: read.count(1),
	churn: read.duration,
	transport: read.choice(['tcp', 'unix']),
	processes: read.count(1),
	json: undefined,
	profile: undefined,
};
const DEFAULTS = {
	waiting: '100,1000,10000',
	store: 'lmdb,memory',
	builders: '1000',
	users: '200',
	'hand-outs': '1000',
	rate: '50',
	churn: '10s',
	transport: 'tcp',
	processes: '1',
};
const SHORT = { waiting: '50,200', store: 'lmdb', builders: '40', 'hand-outs': '50', churn: '1s' };

/** What the command line asks for, with paths from `directory` on; `{ help: true }` where it asks for help. Throws `UsageError`. */
export function readOptions(args, directory) {
	const { help, short, ...given } = parse(args);
	if (help) return { help: true };
	const texts = { ...DEFAULTS, ...(short ? SHORT : {}), ...given };
	const value = (name) => READERS[name](`--${name}`, texts[name]);
	const path = (name) => (texts[name] === undefined ? undefined : resolve(directory, texts[name]));
	return {
		help: false,
		waiting: value('waiting'),
		stores: value('store'),
		builders: value('builders'),
		users: value('users'),
		handOuts: value('hand-outs'),
		rate: value('rate'),
		churnMs: value('churn'),
		transport: value('transport'),
		processes: value('processes'),
		json: path('json'),
		profile: path('profile'),
	};
}

function parse(args) {
	const options = {
		...Object.fromEntries(Object.keys(READERS).map((name) => [name, { type: 'string' }])),
		short: { type: 'boolean' },
		help: { type: 'boolean' },
	};
	try {
		return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
	} catch (error) {
		throw new UsageError(`${error.message.split('.')[0]}; --help tells the options`);
	}
}
