/**
 * What runs on a builder: the daemon that takes one lease and runs one build, its backends, and the builder image
 * that it lives in.
 *
 * @packageDocumentation
 */
export { type ApptainerOptions, apptainer } from './backends/apptainer.js';
export { type BuildahOptions, buildah } from './backends/buildah.js';
export { type ScriptOptions, script } from './backends/script.js';
export { type DaemonMainOptions, daemonMain } from './daemon-main.js';
export type {
	BuilderImage,
	BuilderImageFormat,
	FoundBuilderImage,
	MakeBuilderImageOptions,
} from './image/builder-image.js';
export { type FindBuilderImageOptions, findBuilderImage } from './image/find-builder-image.js';
export { isExpiredRelease } from './image/image-error.js';
export { makeBuilderImage } from './image/make-builder-image.js';
export {
	type BuilderImagePrerequisites,
	type BuilderImageRequirement,
	builderImagePrerequisites,
} from './image/prerequisites.js';
export type {
	BuilderLimits,
	BuilderServer,
	EndReason,
	ServeBuilderOptions,
} from './server/builder-server.js';
export { serveBuilder } from './server/serve-builder.js';
export { type FindVmImageOptions, findVmImage } from './vm/find-vm-image.js';
export { makeVmImage } from './vm/make-vm-image.js';
export type { MakeVmImageOptions, VmImage, VmImageFormat } from './vm/vm-image.js';
