import type { AbortOptions, BuildInput } from '../spec/index.js';
import type { OutputStart } from './output-start.js';

/** How to go on with a build. */
export interface AttachOptions extends AbortOptions, OutputStart {
	/** Where the image goes, as in `BuildInput`. @default it stays on the builder */
	readonly image?: BuildInput['image'];
	/** As in `BuildOptions`; it must have been asked for when the build began, too. @default false */
	readonly provenance?: boolean | undefined;
	/** Overwrite an image that is there. @default false */
	readonly force?: boolean | undefined;
}
