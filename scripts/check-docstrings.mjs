// Fails where a public name (exported from a package's entry) has no docstring.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';
import { root } from './support/project.mjs';

const parsed = new Map();

/** What a module declares and re-exports, by name. */
function moduleOf(path) {
	const known = parsed.get(path);
	if (known) return known;
	const text = readFileSync(path, 'utf8');
	const { program, comments, errors } = parseSync(path, text);
	if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
	const documented = (node) => {
		const before = comments.filter((comment) => comment.end <= node.start).at(-1);
		for (let index = comments.indexOf(before); index >= 0; index--) {
			const comment = comments[index];
			const between = text.slice(
				comment.end,
				comments[index + 1]?.end <= node.start ? comments[index + 1].start : node.start,
			);
			if (between.trim() !== '') return false;
			if (comment.type === 'Block' && comment.value.startsWith('*')) return true;
		}
		return false;
	};
	const module = { path, declared: new Map(), from: [], local: new Map() };
	for (const node of program.body) {
		if (node.type === 'ImportDeclaration') {
			for (const specifier of node.specifiers) {
				const imported = specifier.imported?.name ?? 'default';
				module.local.set(specifier.local.name, { source: node.source.value, name: imported });
			}
		}
		if (node.type === 'ExportAllDeclaration') module.from.push({ source: node.source.value, all: true });
		if (node.type !== 'ExportNamedDeclaration') continue;
		if (node.declaration) {
			const names = node.declaration.declarations?.map(({ id }) => id.name) ?? [node.declaration.id.name];
			for (const name of names)
				module.declared.set(name, { documented: documented(node) || module.declared.get(name)?.documented });
		}
		for (const { local, exported } of node.specifiers ?? []) {
			module.from.push({ source: node.source?.value, name: local.name, as: exported.name });
		}
	}
	parsed.set(path, module);
	return module;
}

function resolve(path, source) {
	return source?.startsWith('.') ? join(dirname(path), source.replace(/\.js$/, '.ts')) : undefined;
}

/** Every public name of an entry with the place that declares it. */
function* publicNames(path, seen = new Set()) {
	if (seen.has(path)) return;
	seen.add(path);
	const module = moduleOf(path);
	for (const [name, { documented }] of module.declared) yield { name, path, documented };
	for (const link of module.from) {
		const target = link.source === undefined ? path : resolve(path, link.source);
		if (target === undefined) continue;
		if (link.all) {
			yield* publicNames(target, seen);
			continue;
		}
		const found = find(target, link.name);
		if (found) yield { ...found, name: link.as };
	}
}

function find(path, name) {
	const module = moduleOf(path);
	const own = module.declared.get(name);
	if (own) return { path, documented: own.documented };
	for (const link of module.from) {
		const target = link.source === undefined ? undefined : resolve(path, link.source);
		if (target && (link.all || link.as === name)) {
			const found = find(target, link.all ? name : link.name);
			if (found) return found;
		}
	}
	return undefined;
}

let count = 0;
const missing = [];
for (const name of readdirSync(join(root, 'packages')).sort()) {
	const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
	for (const target of Object.values(exports)) {
		if (typeof target === 'string') continue;
		const entry = join(
			root,
			'packages',
			name,
			target.types.replace('./dist/', 'src/').replace('.d.ts', '.ts'),
		);
		if (!existsSync(entry)) throw new Error(`${relative(root, entry)} is exported but missing`);
		for (const found of publicNames(entry)) {
			count++;
			if (!found.documented) missing.push(`${relative(root, found.path)}: ${found.name}`);
		}
	}
}
for (const line of new Set(missing)) process.stderr.write(`no docstring: ${line}\n`);
process.stdout.write(`${count} public names, ${new Set(missing).size} without a docstring\n`);
process.exitCode = missing.length > 0 || count === 0 ? 1 : 0;
