/** What a variable stands for: undefined where it is not set, null where that is not known before the build. */
export type VariableValue = string | null | undefined;

/** What came of filling variables into a word. */
export interface ExpandedWord {
	/** Undefined where it cannot be known before the build. */
	readonly text: string | undefined;
	/** Variables that are not set, and have no replacement in the word. */
	readonly unset: readonly string[];
	/** Why the word cannot be read. */
	readonly problem?: string | undefined;
}

/**
 * Fills in `$X`, `${X}`, `${X:-word}`, `${X:+word}` and `${X:?word}` and takes quotes away, as Docker and buildah do in
 * everything but `RUN`.
 */
export function expandWord(word: string, look: (name: string) => VariableValue): ExpandedWord {
	const unset: string[] = [];
	let at = 0;
	let known = true;
	try {
		const text = until('');
		return { text: known ? text : undefined, unset };
	} catch (error) {
		if (!(error instanceof WordError)) throw error;
		return { text: undefined, unset, problem: error.message };
	}

	function until(end: '' | '}'): string {
		let text = '';
		while (at < word.length) {
			const character = word[at++] ?? '';
			if (character === end) return text;
			if (character === "'") text += quoted();
			else if (character === '"') text += doubleQuoted();
			else if (character === '$') text += variable();
			else if (character === '\\') text += word[at++] ?? '';
			else text += character;
		}
		if (end !== '') throw new WordError(`a } is missing in ${word}`);
		return text;
	}

	function quoted(): string {
		const end = word.indexOf("'", at);
		if (end < 0) throw new WordError(`a single quote is missing in ${word}`);
		const text = word.slice(at, end);
		at = end + 1;
		return text;
	}

	function doubleQuoted(): string {
		let text = '';
		while (at < word.length) {
			const character = word[at++] ?? '';
			if (character === '"') return text;
			if (character === '$') text += variable();
			else if (character === '\\' && /["$\\]/.test(word[at] ?? '')) text += word[at++] ?? '';
			else text += character;
		}
		throw new WordError(`a double quote is missing in ${word}`);
	}

	function variable(): string {
		const braced = word[at] === '{';
		if (braced) at++;
		const name = /^(?:\d|[\p{L}_][\p{L}\d_]*)/u.exec(word.slice(at))?.[0] ?? '';
		at += name.length;
		if (!braced) return name === '' ? '$' : value(name);
		const next = word[at++];
		if (name === '' || next === undefined) throw new WordError(`${word} has a variable without an end`);
		if (next === '}') return value(name);
		// Prefixes, suffixes and replacements: patterns that are left to the backend.
		if (next === '#' || next === '%' || next === '/') {
			until('}');
			known = false;
			return '';
		}
		const modifier = word[at++];
		if (next !== ':' || modifier === undefined || !'-+?'.includes(modifier)) {
			throw new WordError(
				`${word} has something that is neither \${${name}:-…}, \${${name}:+…} nor \${${name}:?…}`,
			);
		}
		return modified(name, modifier);
	}

	function modified(name: string, modifier: string): string {
		const found = look(name);
		const [knownBefore, unsetBefore] = [known, unset.length];
		const replacement = until('}');
		if (found === null) {
			known = false;
			return '';
		}
		const isSet = found !== undefined && found !== '';
		if (modifier === '?' && !isSet && replacement === '') throw new WordError(`${name} must be set`);
		if ((modifier === '+') === isSet) return replacement;
		// The replacement does not count: nor does what is wrong in it.
		known = knownBefore;
		unset.length = unsetBefore;
		return found ?? '';
	}

	function value(name: string): string {
		const found = look(name);
		if (found === undefined) unset.push(name);
		if (found === null) known = false;
		return found ?? '';
	}
}

class WordError extends Error {}
