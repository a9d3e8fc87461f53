import { type Add, Arg, Copy, type Instruction, Run } from 'dockerfile-ast';
import type { DefinitionProblem, Position } from '../definition/definition-types.js';
import { parseImageReference } from '../definition/image-reference.js';
import { errorAt, warningAt } from '../definition/problem.js';
import type { ContextPath, RemoteBase } from '../definition/recipe-types.js';
import { ArgumentScope } from './argument-scope.js';
import type { DockerfileStage } from './dockerfile-stages.js';
import { expandWord, type VariableValue } from './expand-word.js';
import { findStage } from './find-stage.js';
import { type ImageMount, imageMounts } from './image-mounts.js';
import { isCopy } from './is-copy.js';
import { localSources } from './local-sources.js';
import { positionOf } from './position-of.js';

/** What of containers-image(5) names something on the machine itself. */
const LOCAL_IMAGE = /^(?:oci|oci-archive|docker-archive|docker-daemon|dir|containers-storage|sif):/;

/** Goes through a stage and all that it needs, and gathers what the build will need from outside. */
export class StageWalk {
	readonly bases: RemoteBase[] = [];
	readonly problems: DefinitionProblem[] = [];
	readonly secretIds = new Set<string>();
	readonly requiredSecrets = new Map<string, Position>();
	/** What is copied from the context, as far as it can be known. */
	readonly copied: ContextPath[] = [];
	usesContext = false;
	readonly #stages: readonly DockerfileStage[];
	readonly #outer: ArgumentScope;
	readonly #given: ReadonlyMap<string, string>;
	readonly #platform: ReadonlyMap<string, VariableValue>;
	readonly #visited = new Set<number>();

	constructor(
		stages: readonly DockerfileStage[],
		outer: ArgumentScope,
		given: ReadonlyMap<string, string>,
		platform: ReadonlyMap<string, VariableValue>,
	) {
		this.#stages = stages;
		this.#outer = outer;
		this.#given = given;
		this.#platform = platform;
	}

	visit(target: DockerfileStage): void {
		const waiting = [target];
		for (let stage = waiting.pop(); stage !== undefined; stage = waiting.pop()) {
			if (this.#visited.has(stage.index)) continue;
			this.#visited.add(stage.index);
			waiting.push(...this.#needsOf(stage));
		}
	}

	#needsOf(stage: DockerfileStage): readonly DockerfileStage[] {
		const scope = new ArgumentScope(this.#given, this.#platform, this.#outer);
		const needs = [this.#baseOf(stage)];
		for (const instruction of stage.instructions) {
			if (instruction instanceof Arg) scope.declare(instruction);
			else needs.push(...this.#neededBy(instruction, stage, scope));
		}
		return needs.filter((need) => need !== undefined);
	}

	#baseOf(stage: DockerfileStage): DockerfileStage | undefined {
		const { from, image, base, index } = stage;
		const range = from.getImageRange();
		// That an image is missing is told by those who know the language's rules.
		if (range === null) return undefined;
		const position = positionOf(range.start);
		if (base.problem !== undefined) this.problems.push(errorAt(position, base.problem));
		for (const name of base.unset) this.problems.push(errorAt(position, this.#unset(name)));
		const { text } = base;
		if (text === undefined || base.unset.length > 0) return undefined;
		if (text === '') {
			this.problems.push(errorAt(position, `FROM ${image} names nothing: its variables are empty`));
			return undefined;
		}
		const before = this.#stages.slice(0, index);
		// To buildah a stage without a name is called by its number.
		const earlier = before.findLast((other) => (other.name ?? String(other.index)) === text);
		if (earlier !== undefined || text === 'scratch') return earlier;
		const similar = sameLetters(before, text);
		if (similar === undefined) this.#addBase(text, position, from.getPlatformFlag() !== null);
		else this.problems.push(errorAt(position, similar));
		return undefined;
	}

	#unset(name: string): string {
		if (this.#outer.has(name)) {
			return `the variable ${name} has no value: give --build-arg ${name}=VALUE, or a default (ARG ${name}=VALUE)`;
		}
		return `the variable ${name} is not set here: declare it before the first FROM (ARG ${name}=VALUE)`;
	}

	#neededBy(
		instruction: Instruction,
		stage: DockerfileStage,
		scope: ArgumentScope,
	): readonly DockerfileStage[] {
		if (instruction instanceof Copy) {
			// Its own way to ask for the flag finds it only where there is no other.
			const flag = instruction.getFlags().find((each) => each.getName() === 'from');
			const range = flag?.getValueRange();
			if (flag === undefined || range == null) this.#copyFromContext(instruction);
			else if (flag.getValue() === '') return [];
			else return this.#imageOrStage(flag.getValue() ?? '', positionOf(range.start), stage, scope, 'COPY');
		} else if (isCopy(instruction)) this.#copyFromContext(instruction);
		else if (instruction instanceof Run) {
			return imageMounts(instruction).flatMap((mount) => this.#mount(mount, stage, scope));
		}
		return [];
	}

	#copyFromContext(instruction: Copy | Add): void {
		for (const { text: written, position } of localSources(instruction)) {
			this.usesContext = true;
			// What the base image's ENV says goes before ARG, and is not known here.
			const { text } = expandWord(written, () => null);
			if (text !== undefined) this.copied.push({ path: text, position });
		}
	}

	#mount(
		{ type, options, start }: ImageMount,
		stage: DockerfileStage,
		scope: ArgumentScope,
	): readonly DockerfileStage[] {
		const position = positionOf(start);
		const id = options.get('id');
		if (type === 'secret') {
			if (id === undefined || id === '')
				this.problems.push(errorAt(position, 'a secret needs an id: type=secret,id=NAME'));
			else {
				this.secretIds.add(id);
				if (isTrue(options.get('required')) && !this.requiredSecrets.has(id))
					this.requiredSecrets.set(id, position);
			}
		}
		if (type === 'ssh') {
			const required = isTrue(options.get('required'));
			const message =
				'there is no SSH agent on a builder: give what the step needs as a secret (type=secret,id=NAME)';
			this.problems.push(required ? errorAt(position, message) : warningAt(position, message));
		}
		const from = options.get('from');
		if (from !== undefined && from !== '') return this.#imageOrStage(from, position, stage, scope, 'mount');
		if (type === 'bind') this.usesContext = true;
		return [];
	}

	/** What `COPY --from` and `RUN --mount=from` name: an earlier stage, its number, or an image. */
	#imageOrStage(
		written: string,
		position: Position,
		stage: DockerfileStage,
		scope: ArgumentScope,
		by: 'COPY' | 'mount',
	): readonly DockerfileStage[] {
		const { text, unset, problem } = expandWord(written, scope.look);
		const add = (message: string) => {
			this.problems.push(errorAt(position, message));
			return [];
		};
		if (problem !== undefined) return add(problem);
		if (unset.length > 0) {
			return add(
				`the variable ${unset[0]} is not set here: declare it in this stage (ARG ${unset[0]}=VALUE)`,
			);
		}
		if (text === undefined) return [];
		if (text === '') return add(`${written} names nothing: its variables are empty`);
		const earlier = this.#stages.slice(0, stage.index);
		const found = findStage(earlier, text);
		if (found !== undefined) {
			const wrong = this.#unseen(written, found, by);
			return wrong === undefined ? [found] : add(wrong);
		}
		if (findStage(this.#stages, text) !== undefined) {
			return add(`the stage ${text} does not stand before this one: only from earlier stages can be copied`);
		}
		if (/^\d+$/.test(text)) {
			return add(`there is no stage ${text}: before this one there are ${earlier.length}, counted from 0`);
		}
		const similar = sameLetters(earlier, text);
		if (similar !== undefined) return add(similar);
		this.#addBase(text, position);
		return [];
	}

	/** buildah looks for the stages that a stage needs before it has read its ARGs, and in a mount reads no variables then. */
	#unseen(written: string, { name, index }: DockerfileStage, by: 'COPY' | 'mount'): string | undefined {
		const own = name ?? String(index);
		if (written === own) return undefined;
		if (by === 'mount') return `buildah does not find the stage ${written} here: write from=${own}`;
		if (!written.includes('$') || expandWord(written, this.#outer.look).text === own) return undefined;
		return `${written} must be known before the first FROM too: declare it there (ARG NAME=VALUE)`;
	}

	#addBase(written: string, position: Position, namesPlatform = false): void {
		const text = written.replace(/^docker:\/\//, '');
		if (LOCAL_IMAGE.test(text)) {
			this.problems.push(
				errorAt(position, `${text} is not in a registry: a base must be, or be an earlier stage`),
			);
			return;
		}
		const parsed = parseImageReference(text);
		if (typeof parsed === 'string') {
			this.problems.push(errorAt(position, parsed));
			return;
		}
		const { reference, registry } = parsed;
		const otherPlatform = namesPlatform ? ({ otherPlatform: true } as const) : {};
		this.bases.push({ transport: 'docker', reference, registry, position, ...otherPlatform });
	}
}

/** Whether a flag of a mount is set; without a value it is. */
function isTrue(value = 'false'): boolean {
	return /^(|true|1|t)$/i.test(value);
}

/** Docker does not mind capital letters in the names of stages, buildah does. */
function sameLetters(stages: readonly DockerfileStage[], text: string): string | undefined {
	const similar = stages.find(({ name }) => name?.toLowerCase() === text.toLowerCase());
	return similar === undefined
		? undefined
		: `there is no stage ${text}: write ${similar.name}, buildah minds capital letters`;
}
