/**
 * Everything of container-builder that needs neither a cloud nor a socket: the specification, the client, the
 * queue in this process and the remote one, the definition parser.
 *
 * @packageDocumentation
 */
export type { AttachOptions } from './build/attach-options.js';
export {
	type CheckOptions,
	type CheckProblem,
	type CheckReport,
	checkDefinition,
} from './build/check-definition.js';
export type { LogsOptions } from './build/read-logs.js';
export { cacheDirectory, cachePath } from './cache-directory.js';
export { type ImageCatalogueOptions, imageCatalogue } from './catalogue/image-catalogue.js';
export type { RegistryCredentials } from './catalogue/registry-client.js';
export { connectBuilder } from './client/connect-builder.js';
export {
	type ClientOptions,
	ContainerBuilder,
	type ContainerBuilderOptions,
} from './client/container-builder.js';
export { RemoteBuilder, type RemoteBuilderOptions } from './client/remote-builder.js';
export { abortable } from './concurrency/abortable.js';
export { type Deferred, deferred } from './concurrency/deferred.js';
export { type LinkedSignal, linkSignal } from './concurrency/link-signal.js';
export { sleep } from './concurrency/sleep.js';
export { canceledError, throwIfAborted } from './concurrency/throw-if-aborted.js';
export { DEFAULT_CONTEXT_LIMIT } from './context/context-limit.js';
export { type DefinitionContextOptions, definitionContext } from './context/definition-context.js';
export { type DirectoryContextOptions, directoryContext } from './context/directory-context.js';
export { type DockerfileContextOptions, dockerfileContext } from './context/dockerfile-context.js';
export type {
	ApptainerDefinition,
	DefinitionProblem,
	DefinitionSection,
	DefinitionStage,
	FileCopy,
	HeaderField,
	ParsedDefinition,
	Position,
} from './definition/definition-types.js';
export { detectDefinitionKind } from './definition/detect-definition-kind.js';
export { formatProblems } from './definition/format-problems.js';
export { type ImageReference, parseImageReference } from './definition/image-reference.js';
export { type LocalFile, localFiles } from './definition/local-files.js';
export { type ParsedArgumentFile, parseArgumentFile } from './definition/parse-argument-file.js';
export { type ParseDefinitionOptions, parseDefinition } from './definition/parse-definition.js';
export { readRecipe } from './definition/read-recipe.js';
export type { ReadRecipeOptions, Recipe, RemoteBase } from './definition/recipe-types.js';
export { stageBase } from './definition/stage-base.js';
export { TypedEventEmitter } from './events/typed-event-emitter.js';
export { type AuthFile, parseAuthFile } from './logins/parse-auth-file.js';
export { type RegistryLoginsOptions, registryLogins } from './logins/registry-logins.js';
export { registryOfAuthKey } from './logins/registry-of-auth-key.js';
export { ed25519Signer } from './provenance/ed25519-signer.js';
export { provenanceKey, provenanceKeys } from './provenance/provenance-key.js';
export type { ProvenanceResource, ProvenanceStatement } from './provenance/statement.js';
export { type VerifiedProvenance, verifyProvenance } from './provenance/verify-provenance.js';
export { BuilderQueue } from './queue/builder-queue.js';
export type {
	BuilderQueueOptions,
	FairnessOptions,
	PoolOptions,
	QueueSettings,
} from './queue/builder-queue-options.js';
export type { UserPolicy, UserRules } from './queue/line/user-policy.js';
export type { QueueEndReason } from './queue/queue-engine.js';
export { memoryStore } from './queue/records/memory-store.js';
export { QUEUE_STEPS, type QueueStep } from './queue/records/queue-steps.js';
export type { QueueChallenge, QueueCredentials } from './queue/remote/queue-credentials.js';
export { RemoteQueue, type RemoteQueueOptions } from './queue/remote/remote-queue.js';
export type { LeaseControl, UserQueue } from './queue/user-queue.js';
export * from './spec/index.js';
export { systemClock } from './time/system-clock.js';
