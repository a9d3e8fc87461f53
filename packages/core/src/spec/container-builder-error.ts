import type { BuildSummary } from './build.js';
import { ERROR_CODES, type ErrorCode, EXIT_CODES, type FailureKind } from './error-code.js';

const brand = Symbol.for('@olcf/container-builder/error');

/** What {@link ContainerBuilderError} is made of beside code and message. */
export interface ContainerBuilderErrorOptions {
	/** What was caught. */
	readonly cause?: unknown;
	/** @default as the table of codes says */
	readonly retryable?: boolean | undefined;
	/** What the user can do next, as one sentence. */
	readonly hint?: string | undefined;
	/** For `Provider.create`: whether a machine may exist all the same. */
	readonly outcome?: 'none' | 'unknown' | undefined;
	/** The build that ended with this error. */
	readonly build?: BuildSummary | undefined;
	/** Further facts for logs and `--json`; never secrets. */
	readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** The form in which an error crosses a channel. */
export interface SerializedError {
	readonly code: ErrorCode;
	readonly message: string;
	readonly hint?: string | undefined;
	readonly retryable: boolean;
	readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/**
 * The one error that promises of this project reject with, `TypeError` for programming mistakes apart.
 * Recognise it by {@link isContainerBuilderError}, which holds across copies of this package, not by `instanceof`.
 */
export class ContainerBuilderError extends Error {
	/** Stable within a major version. */
	readonly code: ErrorCode;
	/** Whether the same call may succeed later with nothing changed by the caller. */
	readonly retryable: boolean;
	/** What the user can do next. */
	readonly hint: string | undefined;
	/** For a failed `Provider.create`: `none`, there is no machine; `unknown`, there may be one. */
	readonly outcome: 'none' | 'unknown' | undefined;
	/** On errors that a build ended with: the fields that a result has too. */
	readonly build: BuildSummary | undefined;
	/** Further facts; never secrets. */
	readonly details: Readonly<Record<string, string | number | boolean>> | undefined;

	constructor(code: ErrorCode, message: string, options: ContainerBuilderErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
		this.hint = options.hint;
		this.outcome = options.outcome;
		this.build = options.build;
		this.details = options.details;
		Object.defineProperty(this, brand, { value: true });
	}

	/** Always `ContainerBuilderError`, also in minified bundles. */
	override get name(): string {
		return 'ContainerBuilderError';
	}

	/** What the code means to a caller; decides the exit status. */
	get kind(): FailureKind {
		return ERROR_CODES[this.code].kind;
	}

	/** The exit status of a command that ends with this error. */
	get exitCode(): number {
		return EXIT_CODES[this.kind];
	}

	/** The form in which the error crosses a channel; causes and stacks stay here. */
	toJSON(): SerializedError {
		return {
			code: this.code,
			message: this.message,
			retryable: this.retryable,
			...(this.hint === undefined ? {} : { hint: this.hint }),
			...(this.details === undefined ? {} : { details: this.details }),
		};
	}

	/** The error that `toJSON` gave on the other side. */
	static fromJSON(value: SerializedError): ContainerBuilderError {
		return new ContainerBuilderError(value.code, value.message, value);
	}

	/**
	 * `value` itself where it is one of ours; `canceled` for an `AbortError`; else an error of code `fallback`
	 * with `value` as its cause.
	 */
	static from(value: unknown, fallback: ErrorCode = 'internal'): ContainerBuilderError {
		if (isContainerBuilderError(value)) return value;
		const message = value instanceof Error ? value.message : String(value);
		const code = value instanceof Error && value.name === 'AbortError' ? 'canceled' : fallback;
		return new ContainerBuilderError(code, message, { cause: value });
	}
}

/** Whether `value` is a {@link ContainerBuilderError} of this or another copy of this package. */
export function isContainerBuilderError(value: unknown): value is ContainerBuilderError {
	return typeof value === 'object' && value !== null && brand in value;
}
