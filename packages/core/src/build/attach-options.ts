import type { AbortOptions, BuildInput } from '../spec/index.js';

/** How to go on with a build. */
export interface AttachOptions extends AbortOptions {
	/** Byte of the builder's output to begin at; that of builders lost before does not count. @default 0 */
	readonly from?: number | undefined;
	/** Begin with so many of the last lines that there are already, instead of `from`. From 0 on. */
	readonly tail?: number | undefined;
	/** Where the image goes, as in `BuildInput`. @default it stays on the builder */
	readonly image?: BuildInput['image'];
	/** Overwrite an image that is there. @default false */
	readonly force?: boolean | undefined;
}
