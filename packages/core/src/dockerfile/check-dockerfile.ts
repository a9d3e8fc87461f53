import type { Dockerfile } from 'dockerfile-ast';
import { ValidationCode as Code, validate } from 'dockerfile-utils';
import type { DefinitionProblem } from '../definition/definition-types.js';
import { didYouMean } from '../definition/did-you-mean.js';
import { errorAt, warningAt } from '../definition/problem.js';
import { checkFlags } from './check-flags.js';
import { KEYWORDS } from './keywords.js';
import { positionOf } from './position-of.js';

/** What is a matter of taste, or is looked at here more closely. */
const DROPPED: ReadonlySet<number> = new Set([
	Code.BASE_NAME_EMPTY,
	Code.CASING_DIRECTIVE,
	Code.CASING_INSTRUCTION,
	Code.DEPRECATED_MAINTAINER,
	Code.FLAG_INVALID_FROM_VALUE,
	Code.INVALID_REFERENCE_FORMAT,
	Code.UNKNOWN_ADD_FLAG,
	Code.UNKNOWN_COPY_FLAG,
	Code.UNKNOWN_FROM_FLAG,
	Code.WORKDIR_IS_NOT_ABSOLUTE,
]);

/** What Docker refuses or warns of, but buildah takes. */
const WARNINGS: ReadonlySet<number> = new Set([
	Code.EMPTY_CONTINUATION_LINE,
	Code.FLAG_DUPLICATE,
	Code.FLAG_LESS_THAN_1MS,
	Code.INVALID_BUILD_STAGE_NAME,
	Code.INVALID_DESTINATION,
	Code.INVALID_PORT,
	Code.INVALID_PROTO,
	Code.JSON_IN_SINGLE_QUOTES,
	Code.MULTIPLE_INSTRUCTIONS,
]);

/** What is wrong with the instructions of a Dockerfile, each for itself, by the rules of Docker and buildah. */
export function checkDockerfile(text: string, dockerfile: Dockerfile): readonly DefinitionProblem[] {
	const lines = text.split('\n');
	const names = new Set<string>();
	const problems = validate(text).flatMap(({ code, message, range }): readonly DefinitionProblem[] => {
		if (typeof code !== 'number' || DROPPED.has(code)) return [];
		const { start, end } = range;
		const written = lines[start.line]?.slice(
			start.character,
			end.line === start.line ? end.character : undefined,
		);
		if (isElsewhere(code, written ?? '', names)) return [];
		const said = typeof message === 'string' ? message : message.value;
		// Patterns in variables, which buildah and Docker's newer syntax have.
		if (code === Code.UNSUPPORTED_MODIFIER && /\$\{\w+[#%/]/.test(said)) return [];
		const better = inOtherWords(code, written ?? '', lines[start.line] ?? '', dockerfile) ?? said;
		return [(WARNINGS.has(code) ? warningAt : errorAt)(positionOf(start), better)];
	});
	return [...problems, ...dockerfile.getInstructions().flatMap(checkFlags)];
}

/** What is told at another place, or looked at where the values of variables are known. */
function isElsewhere(code: number, written: string, names: Set<string>): boolean {
	if (code === Code.INVALID_BUILD_STAGE_NAME) return written.includes('$');
	if (code !== Code.DUPLICATE_BUILD_STAGE_NAME) return false;
	const isFirst = !names.has(written.toLowerCase());
	names.add(written.toLowerCase());
	return isFirst;
}

function inOtherWords(
	code: number,
	written: string,
	line: string,
	dockerfile: Dockerfile,
): string | undefined {
	if (code === Code.UNKNOWN_INSTRUCTION) {
		return `there is no instruction ${written}${didYouMean(written, KEYWORDS)}`;
	}
	if (code === Code.NO_SOURCE_IMAGE) return noSource(dockerfile);
	if (code === Code.DUPLICATE_BUILD_STAGE_NAME) return `there are two stages ${written}`;
	if (code === Code.ARGUMENT_MISSING) return `nothing follows ${written}`;
	if (code === Code.ARGUMENT_REQUIRES_TWO)
		return `${line.trim().split(/\s/)[0]} needs a name and a value: NAME=VALUE`;
	const isFrom = code === Code.INVALID_AS || code === Code.ARGUMENT_REQUIRES_ONE_OR_THREE;
	if (isFrom && /\s#/.test(line)) return 'a comment must stand on a line of its own';
	if (isFrom) return 'FROM takes an image, and a name for the stage: FROM IMAGE AS NAME';
	return undefined;
}

function noSource(dockerfile: Dockerfile): string {
	return dockerfile.getFROMs().length === 0
		? 'there is no FROM: the first instruction names the image to build from'
		: 'only ARG may stand before the first FROM';
}
