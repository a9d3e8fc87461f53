import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inBuilderImage } from './busybox.js';
import { readOciArchive, sifFileSystem } from './image-files.js';

/** A secret of a test's, and whatever would betray it. */
export interface Needle {
	readonly text: string;
	/** In two halves, for a recipe that looks for it: the recipe itself must not have it. */
	readonly halves: readonly [string, string];
	/** The text, and how it looks inside base64 at each of the three places that it can begin at. */
	readonly patterns: readonly string[];
}

/** Makes one that is nowhere else. */
export function makeNeedle(): Needle {
	const text = randomBytes(18).toString('hex');
	const inBase64 = [0, 1, 2].map((offset) => {
		const encoded = Buffer.from('x'.repeat(offset) + text).toString('base64');
		// What the neighbours of the text would change is left out.
		return encoded.slice(offset === 0 ? 0 : 4, -4);
	});
	return { text, halves: [text.slice(0, 18), text.slice(18)], patterns: [text, ...inBase64] };
}

/** Which of these texts have one of the needles, by name. */
export function findInTexts(
	needles: readonly Needle[],
	texts: Readonly<Record<string, string | Buffer>>,
): string[] {
	const patterns = needles.flatMap((needle) => needle.patterns);
	return Object.entries(texts)
		.filter(([, text]) => patterns.some((pattern) => text.includes(pattern)))
		.map(([name]) => name);
}

/** The files below a directory that have one of the needles; those that are older than `since` are left out. */
export function findInFiles(needles: readonly Needle[], directory: string, since?: Date): string[] {
	return withPatternFile(needles, (patterns) => {
		// Neither crosses into another file system. The patterns are in a file: arguments are for everybody to see.
		const newer = since === undefined ? [] : ['-newermt', since.toISOString()];
		const script = 'find "$@" -print0 2>/dev/null | xargs -0 -r grep -laF -f "$PATTERNS" --devices=skip';
		const { stdout } = spawnSync('sh', ['-c', script, 'sh', directory, '-xdev', '-type', 'f', ...newer], {
			env: { ...process.env, PATTERNS: patterns },
			encoding: 'utf8',
			maxBuffer: 64 * 1024 ** 2,
		});
		return stdout.split('\n').filter((line) => line !== '');
	});
}

/** The files of an image that have one of the needles, and the image itself where its bytes have it. */
export async function findInImage(needles: readonly Needle[], image: string): Promise<string[]> {
	const directory = mkdtempSync(join(tmpdir(), 'image-'));
	try {
		const raw = findInTexts(needles, { [image]: readFileSync(image) });
		if (image.endsWith('.tar')) {
			mkdirSync(join(directory, 'archive'));
			const { layers } = readOciArchive(image, join(directory, 'archive'));
			for (const [index, layer] of layers.entries()) {
				const place = join(directory, `layer-${index}`);
				mkdirSync(place);
				spawnSync('tar', ['--no-same-owner', '-xf', layer, '-C', place]);
				if (readdirSync(place).length === 0) throw new Error(`a layer of ${image} could not be unpacked`);
			}
			return [...raw, ...findInFiles(needles, directory)];
		}
		const patterns = join(directory, 'patterns');
		writePatterns(needles, patterns);
		const { offset } = sifFileSystem(image);
		const script = `unsquashfs -q -n -o ${offset} -d /tmp/root /image.sif >&2 || exit 3; test -d /tmp/root/.singularity.d || exit 3
			grep -rlaF -f /patterns --devices=skip /tmp/root || test $? -eq 1`;
		const found = await inBuilderImage(
			['sh', '-c', script],
			[`${image}:/image.sif`, `${patterns}:/patterns`],
		);
		return [
			...raw,
			...found
				.toString('utf8')
				.split('\n')
				.filter((line) => line !== ''),
		];
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

/** Looks at the whole machine's process table all the time, until told to stop. */
export interface ProcessWatch {
	/** `NAME cmdline` or `NAME environ` of each process that had one of the needles there. */
	stop(): readonly string[];
	/** How many processes were looked at: not none. */
	readonly looks: number;
}

/** Every 50 ms; `mayKnow`: the process whose own environment, and that of its children, may have them. */
export function watchProcesses(
	needles: readonly Needle[],
	mayKnow: () => number | undefined = () => undefined,
): ProcessWatch {
	const found = new Set<string>();
	let looks = 0;
	const look = (): void => {
		const allowed = descendants(mayKnow());
		for (const pid of readdirSync('/proc')) {
			if (!/^\d+$/.test(pid)) continue;
			const texts = {
				cmdline: read(`/proc/${pid}/cmdline`),
				environ: allowed.has(Number(pid)) ? '' : read(`/proc/${pid}/environ`),
			};
			looks++;
			const name = texts.cmdline.split('\0', 2).join(' ');
			for (const where of findInTexts(needles, texts)) found.add(`${name} ${where}`);
		}
	};
	const timer = setInterval(look, 50);
	return {
		stop: () => {
			clearInterval(timer);
			return [...found];
		},
		get looks() {
			return looks;
		},
	};
}

/** A process and all that it started. */
function descendants(first: number | undefined): Set<number> {
	const found = new Set<number>();
	const add = (pid: number): void => {
		found.add(pid);
		for (const thread of existsSync(`/proc/${pid}/task`) ? list(`/proc/${pid}/task`) : [])
			for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' '))
				if (child !== '') add(Number(child));
	};
	if (first !== undefined) add(first);
	return found;
}

function list(path: string): string[] {
	try {
		return readdirSync(path);
	} catch {
		return [];
	}
}

function read(path: string): string {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return '';
	}
}

function withPatternFile<T>(needles: readonly Needle[], use: (path: string) => T): T {
	const directory = mkdtempSync(join(tmpdir(), 'patterns-'));
	try {
		const path = join(directory, 'patterns');
		writePatterns(needles, path);
		return use(path);
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

function writePatterns(needles: readonly Needle[], path: string): void {
	writeFileSync(path, `${needles.flatMap(({ patterns }) => patterns).join('\n')}\n`, { mode: 0o644 });
}
