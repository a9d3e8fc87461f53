import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** A queue that the configuration has a name for. */
export interface NamedQueue {
	/** As `--queue` takes it. */
	readonly url: string;
	/** Of its certificate, as `--queue-fingerprint` takes it. */
	readonly fingerprint?: string | undefined;
	/** Absolute; certificates of authorities that may have signed its own, PEM. */
	readonly caFile?: string | undefined;
	/** Absolute; a file with the token. */
	readonly tokenFile?: string | undefined;
	/** Whether an unencrypted connection to another machine is allowed. */
	readonly insecure: boolean;
}

/** What a user has written down, so as not to say it each time. */
export interface UserConfiguration {
	/** The file; undefined where there is none. */
	readonly path?: string | undefined;
	/** The queue where none is named: a name of `queues`, or a URL. */
	readonly queue?: string | undefined;
	readonly queues: Readonly<Record<string, NamedQueue>>;
	/** Values of options that are not given, by name. */
	readonly options: Readonly<Record<string, unknown>>;
	/** The same for builds without a queue. */
	readonly local: Readonly<Record<string, unknown>>;
	/** Why the file, or a token file of it, could not be read; for a command that goes on all the same. */
	readonly problem?: ContainerBuilderError | undefined;
}

/** Of who has written nothing down. */
export const NO_CONFIGURATION: UserConfiguration = { queues: {}, options: {}, local: {} };
