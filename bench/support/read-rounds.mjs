import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../scripts/support/say.mjs';

/** The options that all comparisons have: `--rounds N`, `--short`, `--json FILE`. Throws `UsageError`. */
export function readRounds(args, { rounds, short }) {
	let values;
	try {
		({ values } = parseArgs({
			args,
			options: { rounds: { type: 'string' }, short: { type: 'boolean' }, json: { type: 'string' } },
		}));
	} catch (error) {
		throw new UsageError(error.message);
	}
	const count = Number(values.rounds ?? (values.short ? short : rounds));
	if (!Number.isInteger(count) || count < 1) throw new UsageError('--rounds is a whole number, 1 or more');
	const json = values.json === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', values.json);
	return { rounds: count, isShort: values.short === true, json };
}
