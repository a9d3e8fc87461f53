/** The name of an image in a registry, taken apart. */
export interface ImageReference {
	/** Host, and port where it has one: `docker.io`, `registry.example:5000`. */
	readonly registry: string;
	/** `library/debian`. */
	readonly repository: string;
	/** `registry/repository:tag`, or `registry/repository@digest`. */
	readonly reference: string;
}

const REGISTRY =
	/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d+)?$/i;
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[a-z][a-z0-9]*(?:[-_+.][a-z][a-z0-9]*)*:[0-9a-f]{32,}$/;

/**
 * Reads the name of an image as Docker does: without a registry it is Docker Hub's, without a namespace it is in
 * `library`, without a tag or digest it is `latest`; beside a digest, a tag does not count. A string is what is wrong.
 */
export function parseImageReference(text: string): ImageReference | string {
	const [name = '', digest, ...more] = text.split('@');
	if (text === '') return 'the name of the image is empty';
	if (/\s/.test(text)) return `${text} cannot be the name of an image: there are blanks in it`;
	if (/^[a-z][a-z-]*:\/\//.test(text)) {
		return `${text} begins with ${/^.*?:\/\//.exec(text)?.[0]}, which has no place here`;
	}
	if (more.length > 0) return `${text} cannot be the name of an image: there is more than one @ in it`;
	if (digest !== undefined && !isDigest(digest)) {
		return `${text} cannot be the name of an image: ${digest === '' ? 'nothing follows the @' : `${digest} is no digest (sha256: and 64 hexadecimal digits)`}`;
	}
	const slash = name.lastIndexOf('/');
	const colon = name.indexOf(':', slash + 1);
	const path = colon < 0 ? name : name.slice(0, colon);
	const tag = colon < 0 ? undefined : name.slice(colon + 1);
	if (tag !== undefined && !TAG.test(tag)) {
		return `${text} cannot be the name of an image: ${tag === '' ? 'the tag after the colon is empty' : `${tag} cannot be a tag`}`;
	}
	const { registry, repository } = split(path);
	if (!REGISTRY.test(registry)) {
		return `${text} cannot be the name of an image: ${registry === '' ? 'it begins with a /' : `${registry} cannot be a registry`}`;
	}
	if (!REPOSITORY.test(repository) || repository.length > 255) {
		const lower = repository.toLowerCase();
		const reason =
			lower !== repository && REPOSITORY.test(lower)
				? `registries know no capital letters, write ${text.replace(path, path.toLowerCase())}`
				: `${path === '' ? 'nothing' : path} cannot be a repository`;
		return `${text} cannot be the name of an image: ${reason}`;
	}
	const end = digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`;
	return { registry, repository, reference: `${registry}/${repository}${end}` };
}

function split(path: string): { readonly registry: string; readonly repository: string } {
	const slash = path.indexOf('/');
	const first = path.slice(0, Math.max(slash, 0));
	const isRegistry =
		slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first === '' || /[A-Z]/.test(first));
	// A first part in capitals is a registry to Docker too; said of a name like Team/app, that would help nobody.
	if (!isRegistry || (/[A-Z]/.test(first) && !/[.:]/.test(first))) return hub(path);
	const registry = first === 'index.docker.io' ? 'docker.io' : first;
	const repository = path.slice(slash + 1);
	return registry === 'docker.io' ? hub(repository) : { registry, repository };
}

function hub(path: string): { readonly registry: string; readonly repository: string } {
	return { registry: 'docker.io', repository: path.includes('/') ? path : `library/${path}` };
}

function isDigest(text: string): boolean {
	return DIGEST.test(text) && (!text.startsWith('sha256:') || text.length === 'sha256:'.length + 64);
}
