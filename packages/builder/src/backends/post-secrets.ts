import { execFile } from 'node:child_process';
import { access, constants, realpath, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import type { BuildSetting } from './build-setting.js';

const run = promisify(execFile);

/**
 * Stands in for apptainer. `apptainer build` starts apptainer again for each `%post`, and binds only onto what the
 * image has already: this makes the mount point just before, and takes away afterwards what it has made.
 */
const STAND_IN = `#!/bin/sh
real=%REAL% secrets=%SECRETS%

is_post= root=
for word; do
	case $word in
	*/.post.script) is_post=yes ;;
	*/rootfs) [ -d "$word" ] && root=$word ;;
	esac
done
case "$is_post $*" in
'yes '*'exec --pwd / --writable '*) ;;
*) exec "$real" "$@" ;;
esac
[ -n "$root" ] || exec "$real" "$@"

# Its links lead where they lead inside the image.
path=$root rest=run/secrets links=0 made=
while [ -n "$rest" ]; do
	name=\${rest%%/*}
	case $rest in
	*/*) rest=\${rest#*/} ;;
	*) rest= ;;
	esac
	case $name in
	'' | .) continue ;;
	..)
		[ "$path" = "$root" ] || path=\${path%/*}
		continue
		;;
	esac
	if [ -L "$path/$name" ] && [ $links -lt 40 ]; then
		links=$((links + 1))
		target=$(readlink "$path/$name")
		case $target in
		/*) path=$root ;;
		esac
		rest=$target/$rest
		continue
	fi
	path=$path/$name
	[ -d "$path" ] && [ ! -L "$path" ] && continue
	mkdir -m 755 "$path" || exit 1
	made="$path
$made"
done

# The bind mount comes behind the word \`exec\`.
found= count=$#
while [ "$count" -gt 0 ]; do
	count=$((count - 1)) word=$1
	shift
	set -- "$@" "$word"
	if [ -z "$found" ] && [ "$word" = exec ]; then
		found=yes
		set -- "$@" -B "$secrets:/run/secrets:ro"
	fi
done
"$real" "$@"
status=$?
printf %s "$made" | while IFS= read -r path; do rmdir "$path" 2>/dev/null; done
exit $status
`;

/** Puts the real program aside at $3 and the stand-in $2 in its place $1, for whoever sees these mounts. */
const MOUNT = 'mount --bind "$1" "$3" && mount --bind "$2" "$1"';

/** What makes secrets appear in `%post`. */
export interface PostSecrets {
	/** Words to put before the command. */
	readonly prefix: readonly string[];
	/** Takes away what was mounted. */
	release(): Promise<void>;
}

/**
 * Makes `/run/secrets` of every `%post` hold the secrets, and nothing of them stay in the image. Throws `unsupported`
 * for an ordinary user, who may not mount what apptainer would see.
 */
export async function offerInPost(program: string, setting: BuildSetting): Promise<PostSecrets> {
	if (setting.secrets === undefined) return { prefix: [], release: async () => {} };
	if (process.getuid?.() !== 0) {
		throw new ContainerBuilderError(
			'unsupported',
			'secrets of a definition file need a builder whose daemon is root of its machine or sandbox',
			{ hint: 'Build in a sandbox, or write a Dockerfile: there secrets are mounted by the backend itself.' },
		);
	}
	const place = await findInPath(program, setting.environment.PATH ?? '');
	const [real, standIn] = [setting.scratch('apptainer-real'), setting.scratch('apptainer-stand-in')];
	await writeFile(real, '', { mode: 0o755 });
	await writeFile(standIn, standInText(real, setting.secrets), { mode: 0o755 });
	if (setting.user === undefined) {
		// The machine's other processes must not meet the stand-in.
		const inner = ['sh', '-c', `${MOUNT} && shift 3 && exec "$@"`, 'sh', place, standIn, real];
		return {
			prefix: ['unshare', '--mount', '--propagation', 'private', ...inner],
			release: async () => {},
		};
	}
	// This sandbox is here for one build.
	await run('sh', ['-c', MOUNT, 'sh', place, standIn, real]);
	return {
		prefix: [],
		release: async () => {
			for (const path of [place, real]) await run('umount', ['--lazy', '--', path]);
		},
	};
}

/** The stand-in's own text. */
export function standInText(real: string, secrets: string): string {
	const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
	return STAND_IN.replace('%REAL%', () => quoted(real)).replace('%SECRETS%', () => quoted(secrets));
}

async function findInPath(program: string, path: string): Promise<string> {
	if (program.includes('/')) return await realpath(program);
	for (const directory of path.split(delimiter)) {
		const candidate = join(directory, program);
		const executable = await access(candidate, constants.X_OK).then(
			() => true,
			() => false,
		);
		if (executable) return await realpath(candidate);
	}
	throw new ContainerBuilderError('backend-failed', `${program} is not to be found in ${path}`);
}
