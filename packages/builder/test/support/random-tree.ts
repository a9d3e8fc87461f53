import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, open, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { sha256 } from './context-channel.js';

/** Something to be made in a tree; which directory or file it belongs to is counted among those there are by then. */
type Step =
	| { readonly make: 'directory'; readonly at: number; readonly name: string; readonly mode: number }
	| {
			readonly make: 'file';
			readonly at: number;
			readonly name: string;
			readonly mode: number;
			readonly size: number;
			/** Where bytes are; all else is a hole. */
			readonly parts: readonly { readonly at: number; readonly bytes: Uint8Array }[];
	  }
	| { readonly make: 'symlink' | 'link'; readonly at: number; readonly name: string; readonly to: number }
	| { readonly make: 'dangling'; readonly at: number; readonly name: string };

const oddName = fc.constantFrom(
	' ',
	'-rf',
	'a b',
	'new\nline',
	'tab\t',
	'"quoted"',
	"it's",
	'back\\slash',
	'\\',
	'*',
	'?[x]',
	'$HOME',
	'`id`',
	'...',
	'.hidden',
	'..x',
	'x=y',
	'12 path=../x\n',
	'u\u0308',
	'\u00FC',
	'\uFFFD',
	'漢字',
	'👩‍👩‍👧',
	'\u0001\u007F',
	'constructor',
	'__proto__',
	'a'.repeat(100),
	'b'.repeat(101),
	'c'.repeat(255),
	'ü'.repeat(127),
	'PaxHeader',
	'././@LongLink',
);
const anyName = fc
	.oneof({ weight: 3, arbitrary: oddName }, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }))
	.filter(
		(name) =>
			!/[/\0]|^\.{1,2}$/.test(name) &&
			Buffer.byteLength(name) <= 255 &&
			Buffer.from(name).toString() === name,
	);
const at = fc.nat({ max: 1000 });
const mode = fc.oneof(
	fc.constantFrom(0o644, 0o755, 0o4755, 0o2755, 0o1777, 0o7777, 0, 0o400),
	fc.nat({ max: 0o7777 }),
);
const part = fc.record({ at, bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }) });
const size = fc.oneof(
	fc.constantFrom(0, 1, 511, 512, 513, 4095, 4096, 4097, 65_536, 65_537),
	fc.nat({ max: 3000 }),
	fc.nat({ max: 400_000 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({ make: fc.constant('directory' as const), at, name: anyName, mode }),
	fc.record({
		make: fc.constant('file' as const),
		at,
		name: anyName,
		mode,
		size,
		parts: fc.array(part, { maxLength: 4 }),
	}),
	fc.record({ make: fc.constantFrom('symlink' as const, 'link' as const), at, name: anyName, to: at }),
	fc.record({ make: fc.constant('dangling' as const), at, name: anyName }),
);

/** Trees as they lie on nobody's disk; the directories that a deep one hangs in come first. */
export const randomTree = fc
	.tuple(fc.nat({ max: 12 }), fc.array(step, { maxLength: 25 }))
	.map(([depth, steps]): readonly Step[] => [
		...Array.from(
			{ length: depth },
			(_, index): Step => ({ make: 'directory', at: index, name: 'd', mode: 0o755 }),
		),
		...steps,
	]);

/** Root may do without rights that others need to read their own files. */
const needed = process.getuid?.() === 0 ? 0 : 0o500;

/** Makes it below `root`, which is there. What cannot be, because the name is taken or the path too long, is left out. */
export async function makeTree(root: string, steps: readonly Step[]): Promise<void> {
	const directories = [root];
	const files: string[] = [];
	const modes = new Map<string, number>();
	for (const step of steps) {
		const above = directories[step.at % directories.length] as string;
		const path = join(above, step.name);
		const free = await lstat(path).then(
			() => false,
			() => true,
		);
		if (!free || Buffer.byteLength(relative(root, path)) > 2500) continue;
		if (step.make === 'directory') {
			await mkdir(path);
			directories.push(path);
			modes.set(path, step.mode | needed);
		} else if (step.make === 'file') {
			await writeParts(path, step);
			files.push(path);
			modes.set(path, step.mode | needed);
		} else if (step.make === 'dangling') {
			await symlink('nowhere/ü', path);
		} else if (step.make === 'symlink') {
			const others = [...directories, ...files];
			await symlink(relative(dirname(path), others[step.to % others.length] as string) || '.', path);
		} else if (files.length > 0) {
			await link(files[step.to % files.length] as string, path);
		}
	}
	for (const [path, bits] of [...modes].reverse()) await chmod(path, bits);
}

async function writeParts(path: string, { size, parts }: Extract<Step, { make: 'file' }>): Promise<void> {
	const file = await open(path, 'wx', 0o600);
	try {
		for (const { at, bytes } of parts) {
			const position = Math.floor((at / 1000) * size);
			await file.write(bytes.subarray(0, size - position), 0, null, position);
		}
		await file.truncate(size);
	} finally {
		await file.close();
	}
}

/** All that is to be the same of two trees: types, modes, contents, targets, and which names are the same file. */
export async function describeTree(root: string): Promise<Readonly<Record<string, unknown>>> {
	const found: [string, unknown][] = [];
	const first = new Map<number, string>();
	const walk = async (path: string): Promise<void> => {
		const absolute = join(root, path);
		const stats = await lstat(absolute);
		const mode = (stats.mode & 0o7777).toString(8);
		if (stats.isSymbolicLink()) found.push([path, { link: await readlink(absolute) }]);
		else if (stats.isFile()) {
			if (stats.nlink > 1 && !first.has(stats.ino)) first.set(stats.ino, path);
			const content = sha256(await readFile(absolute));
			found.push([
				path,
				{ file: content, size: stats.size, mode, names: stats.nlink, first: first.get(stats.ino) },
			]);
		} else if (stats.isDirectory()) {
			if (path !== '') found.push([path, { directory: true, mode }]);
			for (const name of (await readdir(absolute)).sort()) await walk(join(path, name));
		} else found.push([path, { other: stats.mode }]);
	};
	await walk('');
	return Object.fromEntries(found.map(([path, what]) => [`/${path}`, what]));
}

/** Also where directories may not be read. */
export function removeTree(root: string): void {
	execFileSync('chmod', ['-R', 'u+rwX', root]);
	execFileSync('rm', ['-rf', root]);
}
