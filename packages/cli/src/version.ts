declare const CONTAINER_BUILDER_VERSION: string | undefined;

/** The version of this package; put in by the bundler. */
export const version: string =
	typeof CONTAINER_BUILDER_VERSION === 'string' ? CONTAINER_BUILDER_VERSION : '0.0.0-development';
