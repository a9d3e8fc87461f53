declare const CONTAINER_BUILDER_VERSION: string | undefined;

/** The version of the daemon; put in by the bundler. */
export const VERSION: string =
	typeof CONTAINER_BUILDER_VERSION === 'string' ? CONTAINER_BUILDER_VERSION : '0.0.0-development';
