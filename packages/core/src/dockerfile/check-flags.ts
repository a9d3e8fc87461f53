import { type Flag, type Instruction, ModifiableInstruction } from 'dockerfile-ast';
import type { DefinitionProblem } from '../definition/definition-types.js';
import { didYouMean } from '../definition/did-you-mean.js';
import { errorAt } from '../definition/problem.js';
import { isCopy } from './is-copy.js';
import { localSources } from './local-sources.js';
import { positionOf } from './position-of.js';

/** The flags that buildah takes. */
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
	['FROM', ['platform']],
	['RUN', ['mount', 'network']],
	['COPY', ['chmod', 'chown', 'exclude', 'from']],
	['ADD', ['checksum', 'chmod', 'chown', 'exclude']],
]);

/** Flags of Docker that buildah knows and refuses, and what to do without. */
const REFUSED: ReadonlyMap<string, string> = new Map([
	['link', 'leave it out, the image is the same without'],
	['parents', 'name each directory of its own'],
	['keep-git-dir', 'clone the repository in a RUN'],
	['security', 'leave it out'],
]);

const MOUNTS: ReadonlySet<string> = new Set(['bind', 'cache', 'secret', 'ssh', 'tmpfs']);

/** Flags of an instruction that buildah does not take, and values that it refuses. */
export function checkFlags(instruction: Instruction): readonly DefinitionProblem[] {
	const keyword = instruction.getKeyword();
	const known = FLAGS.get(keyword);
	if (known === undefined || !(instruction instanceof ModifiableInstruction)) return [];
	const problems = instruction.getFlags().flatMap((flag) => {
		const message = whatIsWrong(keyword, flag, known);
		return message === undefined ? [] : [errorAt(positionOf(flag.getRange().start), message)];
	});
	if (isCopy(instruction) && keyword === 'COPY') {
		const url = localSources(instruction).find(({ text }) => /^https?:\/\//i.test(text));
		if (url !== undefined) {
			problems.push(errorAt(url.position, `COPY takes no address (${url.text}): that is what ADD is for`));
		}
	}
	return problems;
}

function whatIsWrong(keyword: string, flag: Flag, known: readonly string[]): string | undefined {
	const name = flag.getName();
	const value = flag.getValue();
	if (!known.includes(name)) {
		// Written out as false, it asks for nothing.
		if (value?.toLowerCase() === 'false') return undefined;
		const advice = REFUSED.get(name);
		if (advice !== undefined) return `buildah has no ${keyword} --${name}: ${advice}`;
		return `${keyword} has no flag --${name}${didYouMean(name, known, '--')}`;
	}
	if (name === 'platform' && (value ?? '') === '') return '--platform needs a value: --platform=linux/amd64';
	if (name === 'from' && value === '') return '--from needs the name of a stage or an image';
	if (name === 'chmod' && value !== null && !/^[0-7]{1,5}$|\$/.test(value)) {
		return `buildah takes only octal numbers for --chmod: ${value === '' ? 'nothing stands there' : `${value} is none`}`;
	}
	if (name === 'mount') {
		const type = /(?:^|,)type=([^,]*)/.exec(value ?? '')?.[1];
		if (type !== undefined && !MOUNTS.has(type) && !type.includes('$')) {
			return `there is no mount of type ${type}${didYouMean(type, MOUNTS)}`;
		}
	}
	return undefined;
}
