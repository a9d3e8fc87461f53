import type { Arg } from 'dockerfile-ast';
import { expandWord, type VariableValue } from './expand-word.js';

/** The variables that `ARG` made known so far: before the first `FROM`, or in one stage. */
export class ArgumentScope {
	readonly #values = new Map<string, VariableValue>();
	/** What was given by the user, and goes before every default. */
	readonly #given: ReadonlyMap<string, string>;
	readonly #platform: ReadonlyMap<string, VariableValue>;
	/** For a stage: what stood before the first `FROM`. Known here only where `ARG` names it once more. */
	readonly #outer: ArgumentScope | undefined;

	constructor(
		given: ReadonlyMap<string, string>,
		platform: ReadonlyMap<string, VariableValue>,
		outer?: ArgumentScope,
	) {
		this.#given = given;
		this.#platform = platform;
		this.#outer = outer;
	}

	/** Takes in what one `ARG` instruction declares. */
	declare(instruction: Arg): void {
		for (const property of instruction.getProperties()) {
			const name = property.getName();
			const written = property.getAssignmentOperator() === null ? null : (property.getUnescapedValue() ?? '');
			this.#values.set(name, this.#valueOf(name, written));
		}
	}

	/** Whether an `ARG` names it here. */
	has(name: string): boolean {
		return this.#values.has(name);
	}

	readonly look = (name: string): VariableValue => {
		if (this.#values.has(name)) return this.#values.get(name);
		// The platform is known before the first FROM without being asked for, in a stage only by ARG.
		return this.#outer === undefined ? this.#platform.get(name) : undefined;
	};

	#valueOf(name: string, written: string | null): VariableValue {
		const given = this.#given.get(name);
		if (given !== undefined) return given;
		if (this.#platform.has(name)) return this.#platform.get(name);
		if (written === null) return this.#outer?.look(name);
		const { text } = expandWord(written, this.look);
		return text ?? null;
	}
}
