import type { VmImageManifest } from '@olcf/container-builder-core';
import type { MakeBuilderImageOptions } from '../image/builder-image.js';

/** The forms in which an image of a virtual machine can be made. */
export type VmImageFormat = VmImageManifest['format'];

/** An image of a virtual machine, here. */
export interface VmImage {
	readonly manifest: VmImageManifest;
	/** The directory of `image.json`. */
	readonly path: string;
	/** Whether it was made by this call; false where it was there already. */
	readonly created: boolean;
}

/** Options of `makeVmImage`: those of the image that it is made from, and the form of the disk. */
export interface MakeVmImageOptions extends Omit<MakeBuilderImageOptions, 'format'> {
	/** `raw`: a sparse file, for machines of this one. `qcow2`: for a cloud. */
	readonly format: VmImageFormat;
}
