/**
 * Builds container images as root, where you have no root: a definition goes in, an image comes out.
 *
 * ```ts
 * import { ContainerBuilder } from '@olcf/container-builder';
 *
 * const builder = new ContainerBuilder();
 * const build = builder.build({ definition: 'hello.def', image: 'hello.sif' });
 * for await (const bytes of build.output()) process.stdout.write(bytes);
 * const { image } = await build;
 * await builder.close();
 * ```
 *
 * @packageDocumentation
 */
export {
	type AbortOptions,
	ARCHITECTURES,
	type Architecture,
	type AttachOptions,
	type Build,
	type BuildEvent,
	type BuildEventMap,
	type BuilderInfo,
	type BuilderSummary,
	type BuildFilter,
	type BuildInput,
	type BuildLimits,
	type BuildOptions,
	type BuildOutcome,
	type BuildRecord,
	type BuildResult,
	type BuildState,
	type BuildSummary,
	type CheckOptions,
	type Checkout,
	type CheckoutEvent,
	type CheckoutPriority,
	type CheckoutRequest,
	type CheckProblem,
	type CheckReport,
	ContainerBuilderError,
	type ContainerBuilderErrorOptions,
	type ContextEntry,
	type ContextManifest,
	type ContextSource,
	checkDefinition,
	type DefinitionContextOptions,
	type DefinitionKind,
	type DirectoryContextOptions,
	type DockerfileContextOptions,
	definitionContext,
	detectDefinitionKind,
	directoryContext,
	dockerfileContext,
	type Emitter,
	type Endpoint,
	ERROR_CODES,
	type ErrorCode,
	type EventMap,
	EXIT_CODES,
	type FailureKind,
	type Format,
	type Grant,
	type ImageCatalogueOptions,
	type ImageDigest,
	type ImageRepository,
	imageCatalogue,
	isContainerBuilderError,
	type Lease,
	type Logger,
	type LogsOptions,
	type MachineLimits,
	type NetworkMode,
	type ParseDefinitionOptions,
	type ParsedDefinition,
	type PoolBuilderState,
	type Provider,
	parseArgumentFile,
	parseDefinition,
	type Queue,
	type QueueEvent,
	type QueueEventMap,
	type QueueStatus,
	type ReadRecipeOptions,
	type Recipe,
	type RegistryCredentials,
	type RegistryLogin,
	type RegistryLogins,
	type RegistryLoginsOptions,
	type RemoteBase,
	type ResolvedBase,
	readRecipe,
	registryLogins,
	type Secret,
	type SerializedError,
	type TerminalSize,
	type Transport,
	type WaitingSummary,
} from '@olcf/container-builder-core';
export type { WsOptions } from '@olcf/container-builder-transport-ws';
export { ContainerBuilder } from './container-builder.js';
export type { ContainerBuilderOptions } from './container-builder-options.js';
export { type MungeCredentialsOptions, mungeCredentials } from './munge-credentials.js';
export { type QueueAddress, type QueueAddressOptions, queueAddress } from './queue-address.js';
export { version } from './version.js';
export { ws } from './ws.js';
