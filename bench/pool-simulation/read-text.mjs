import { readFileSync } from 'node:fs';
import { UsageError } from '../../scripts/support/say.mjs';

/** The text of a file that the user named; a `UsageError` where it cannot be read. */
export function readText(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		throw new UsageError(`${path} cannot be read: ${error.message}`);
	}
}
