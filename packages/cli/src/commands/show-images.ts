import type { ImageRepository } from '@olcf/container-builder-core/spec';

const RULE = '-----------------------------';

/** What `cb-images` prints, in the words of the original. */
export function showImages(repositories: readonly ImageRepository[]): string {
	return repositories
		.flatMap(({ repository, tags }) => [
			RULE,
			`repository: ${repository}`,
			'tags:',
			...tags.map((tag) => `- ${tag}`),
		])
		.map((line) => `${line}\n`)
		.join('');
}
