import { BOOTSTRAP_AGENTS } from './definition-rules.js';
import type { DefinitionProblem, HeaderField } from './definition-types.js';
import { closest } from './did-you-mean.js';
import { parseImageReference } from './image-reference.js';
import { errorAt } from './problem.js';
import { registryReference } from './registry-reference.js';

/** What is left of an argument without a value, of which has been told already. */
const UNSET = /\{\{\s*\w+\s*\}\}/;

type Fields = ReadonlyMap<string, HeaderField>;

/** What a header lacks, or asks for in vain. */
export function checkHeader(fields: Fields): DefinitionProblem[] {
	const bootstrap = fields.get('bootstrap');
	if (bootstrap === undefined) return [];
	const name = bootstrap.value;
	const agent = BOOTSTRAP_AGENTS.get(name);
	if (name === '') return [errorAt(bootstrap.position, 'Bootstrap: names no agent')];
	if (UNSET.test(name)) return [];
	if (agent === undefined) return [errorAt(bootstrap.valuePosition, unknownAgent(name))];
	if (agent.unusable !== undefined) return [errorAt(bootstrap.valuePosition, agent.unusable)];
	const missing = agent.fields.filter((key) => (fields.get(key.toLowerCase())?.value ?? '') === '');
	if (missing.length > 0) {
		return missing.map((key) =>
			errorAt(
				fields.get(key.toLowerCase())?.position ?? bootstrap.position,
				`Bootstrap: ${name} needs a line ${key}:`,
			),
		);
	}
	return [...checkVersion(name, fields), ...checkFrom(name, fields)];
}

function unknownAgent(name: string): string {
	const similar = closest(name, BOOTSTRAP_AGENTS.keys());
	const advice =
		similar === undefined
			? `there are ${[...BOOTSTRAP_AGENTS.keys()].join(', ')}`
			: similar === name.toLowerCase()
				? `write ${similar}`
				: `did you mean ${similar}?`;
	return `there is no bootstrap agent ${name}: ${advice}`;
}

/** yum puts the version into the place of `%{OSVERSION}`; without that, it needs none. */
function checkVersion(agent: string, fields: Fields): DefinitionProblem[] {
	if ((agent !== 'yum' && agent !== 'dnf') || fields.has('osversion')) return [];
	const url = [fields.get('mirrorurl'), fields.get('updateurl')].find((field) =>
		/%\{OSVERSION\}/i.test(field?.value ?? ''),
	);
	if (url === undefined) return [];
	return [errorAt(url.valuePosition, '%{OSVERSION} needs a line OSVersion:')];
}

function checkFrom(agent: string, fields: Fields): DefinitionProblem[] {
	const from = fields.get('from');
	if (from === undefined || UNSET.test(from.value)) return [];
	const wrong = whatIsWrong(agent, from.value, fields);
	return wrong === undefined ? [] : [errorAt(from.valuePosition, wrong)];
}

function whatIsWrong(agent: string, from: string, fields: Fields): string | undefined {
	if (agent === 'library') {
		if (fields.has('library')) return undefined;
		return 'apptainer knows no library unless it is told: add a line Library: https://library.sylabs.io, or the one that you mean';
	}
	if (agent === 'shub') {
		if (/^(shub:\/\/)?[^/]*[.:][^/]*\//.test(from)) return undefined;
		return 'Singularity Hub is closed since 2021: find the image at another place, or name a registry that serves it (From: HOST/PATH)';
	}
	const [, scheme = agent, rest] = /^(?:([a-z][a-z-]*):)?\/\/(.*)$/.exec(from) ?? [];
	if (agent !== 'docker' && agent !== 'oras') {
		if (rest === undefined || scheme === agent || !BOOTSTRAP_AGENTS.has(scheme)) return undefined;
		return `Bootstrap: ${agent} takes a file: for ${from} write Bootstrap: ${scheme} and From: ${rest}`;
	}
	if (rest !== undefined && scheme === agent)
		return `Bootstrap: ${agent} says it already: write From: ${rest}`;
	if (rest !== undefined && BOOTSTRAP_AGENTS.has(scheme)) {
		return `Bootstrap: ${agent} takes no ${scheme}:// here: write Bootstrap: ${scheme} and From: ${rest}`;
	}
	const parsed = parseImageReference(registryReference(agent, fields));
	if (typeof parsed === 'string') return parsed;
	// Unlike docker, oras knows no library/ of Docker Hub's.
	if (agent === 'docker' || from.includes('/')) return undefined;
	return `Bootstrap: oras needs the registry too: From: HOST/${from}`;
}
