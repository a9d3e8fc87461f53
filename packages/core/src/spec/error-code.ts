/**
 * Why something failed, as a caller decides on it. The exit status of the commands follows from it.
 *
 * | kind | exit | meaning |
 * |---|---|---|
 * | `definition` | 1 | the definition did not build |
 * | `usage` | 2 | a mistake found before anything was sent |
 * | `unreachable`, `refused` | 3 | queue or builder cannot be reached, or says no |
 * | `infrastructure` | 4 | machine, daemon or cloud failed |
 * | `limit` | 5 | a limit of time, output, size or resources was reached |
 * | `transfer` | 6 | context or image could not be moved or verified |
 * | `canceled` | 130 | by the user |
 */
export const EXIT_CODES = {
	definition: 1,
	usage: 2,
	unreachable: 3,
	refused: 3,
	infrastructure: 4,
	limit: 5,
	transfer: 6,
	canceled: 130,
} as const;

/** A key of {@link EXIT_CODES}. */
export type FailureKind = keyof typeof EXIT_CODES;

/**
 * The closed list of error codes. A code is stable within a major version, its message is not.
 * `retryable` says whether the same call may succeed later with nothing changed by the caller.
 */
export const ERROR_CODES = {
	/** The backend ran and said no: a command in the definition failed. */
	'build-failed': { kind: 'definition', retryable: false },

	/** An option, argument or environment variable is wrong, or two contradict each other. */
	'invalid-option': { kind: 'usage', retryable: false },
	/** The definition breaks the rules of its language; the message has line and column. */
	'invalid-definition': { kind: 'usage', retryable: false },
	/** A configuration file breaks its schema; the message has the line. */
	'invalid-configuration': { kind: 'usage', retryable: false },
	/** A local file that the definition or the command names does not exist or cannot be read. */
	'source-missing': { kind: 'usage', retryable: false },
	/** The image is there already and may not be overwritten. */
	'image-exists': { kind: 'usage', retryable: false },
	/** No build, builder or lease of that name, or none of yours. */
	'not-found': { kind: 'usage', retryable: false },
	/** A plug-in of a specification version that this core does not speak. */
	'unsupported-specification': { kind: 'usage', retryable: false },
	/** The plug-in or the other side lacks the capability that was asked for. */
	unsupported: { kind: 'usage', retryable: false },

	/** The queue's endpoint does not answer. */
	'queue-unreachable': { kind: 'unreachable', retryable: true },
	/** The builder's endpoint does not answer. */
	'builder-unreachable': { kind: 'unreachable', retryable: true },
	/** A connection that stood is gone, and could not be made again in time. */
	'connection-lost': { kind: 'unreachable', retryable: true },

	/** Credentials are missing or wrong. */
	unauthenticated: { kind: 'refused', retryable: false },
	/** Credentials are good but do not allow this. */
	forbidden: { kind: 'refused', retryable: false },
	/** The other side's certificate is not the one that was promised. */
	'fingerprint-mismatch': { kind: 'refused', retryable: false },
	/** Queue or daemon is closing and takes nothing new. */
	'queue-closed': { kind: 'refused', retryable: true },
	/** The other side is busy with its one lease, or has too many of us. */
	busy: { kind: 'refused', retryable: true },
	/** Both sides speak, but no version of the protocol in common. */
	'protocol-version': { kind: 'refused', retryable: false },

	/** The cloud refuses the queue's credentials. */
	'provider-auth': { kind: 'infrastructure', retryable: false },
	/** The cloud or the machine has no room for another builder now. */
	'provider-quota': { kind: 'infrastructure', retryable: true },
	/** The provider's service does not answer, or answers with a fault of its own. */
	'provider-unavailable': { kind: 'infrastructure', retryable: true },
	/** What the provider needs is missing: a program, a kernel feature, a network, a flavor. */
	'provider-misconfigured': { kind: 'infrastructure', retryable: false },
	/** The builder image is missing or unusable. */
	'builder-image': { kind: 'infrastructure', retryable: false },
	/** The provider made a machine that failed. */
	'machine-failed': { kind: 'infrastructure', retryable: true },
	/** The machine runs but its daemon did not answer in time. */
	'boot-timeout': { kind: 'infrastructure', retryable: true },
	/** The daemon did not prove that it is the one that was made. */
	'enrolment-failed': { kind: 'infrastructure', retryable: true },
	/** The builder, or its machine, went away during the build. */
	'builder-lost': { kind: 'infrastructure', retryable: true },
	/** The backend program was killed or could not be started: not the definition's fault. */
	'backend-failed': { kind: 'infrastructure', retryable: true },
	/** The lease ended before the build did: the queue took it back. */
	'lease-lost': { kind: 'infrastructure', retryable: true },
	/** The other side broke the protocol. */
	protocol: { kind: 'infrastructure', retryable: false },
	/** A record was changed by somebody else in between, or this process no longer holds the store. */
	'store-conflict': { kind: 'infrastructure', retryable: true },
	/** A defect of ours. */
	internal: { kind: 'infrastructure', retryable: false },

	/** The build reached its limit of time, or the lease its deadline. */
	'time-limit': { kind: 'limit', retryable: false },
	/** The build wrote more output than allowed. */
	'output-limit': { kind: 'limit', retryable: false },
	/** Context or image is larger than allowed. */
	'size-limit': { kind: 'limit', retryable: false },
	/** Memory, processes or disk of the builder are used up. */
	'resource-limit': { kind: 'limit', retryable: false },

	/** Bytes could not be moved. */
	'transfer-failed': { kind: 'transfer', retryable: true },
	/** Bytes arrived that are not the ones that were sent. */
	'digest-mismatch': { kind: 'transfer', retryable: true },
	/** A local file changed while it was being sent; the message names it. */
	'source-changed': { kind: 'transfer', retryable: true },
	/** The image cannot be written where it should go: disk full, directory read-only. */
	'image-write': { kind: 'transfer', retryable: false },

	/** By the user, or by the caller's signal. */
	canceled: { kind: 'canceled', retryable: false },
} as const satisfies Record<string, { readonly kind: FailureKind; readonly retryable: boolean }>;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
