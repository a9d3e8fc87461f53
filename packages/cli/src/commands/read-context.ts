import { ContainerBuilderError, type ContextSource } from '@olcf/container-builder-core/spec';
import { workingDirectoryContext } from './working-directory-context.js';

/** What `--context`, `--context-limit` and `--transfer-context` say. */
export interface ContextOptions {
	readonly context?: string | undefined;
	readonly 'context-limit'?: number | undefined;
	readonly 'transfer-context'?: boolean | undefined;
}

/** For the input and the options of a build. */
export interface ChosenContext {
	readonly context?: ContextSource | undefined;
	readonly contextRoot?: string | undefined;
	readonly contextLimit?: number | undefined;
}

/** Which local files go along; `image`, which is to be written, does not. */
export async function readContext(
	options: ContextOptions,
	{ directory, image }: { readonly directory: string; readonly image?: string | undefined },
): Promise<ChosenContext> {
	const { context: contextRoot, 'context-limit': contextLimit } = options;
	if (options['transfer-context'] !== true) return { contextRoot, contextLimit };
	if (contextRoot !== undefined) {
		throw new ContainerBuilderError('invalid-option', '--context and --transfer-context exclude each other', {
			hint: '--transfer-context sends the whole working directory; --context only says where the files lie that are named.',
		});
	}
	return { context: await workingDirectoryContext(directory, { image, limit: contextLimit }) };
}
