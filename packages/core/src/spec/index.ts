/**
 * The specification that plug-ins implement and callers hold: types, the error class and the closed lists.
 * No runtime dependency.
 *
 * @packageDocumentation
 */
export type { AbortOptions } from './abort-options.js';
export { ARCHITECTURES, type Architecture } from './architecture.js';
export type { Authenticator, Identity } from './authenticator.js';
export type { Backend, BackendJob, BackendOptions, BackendResult, RegistryMirror } from './backend.js';
export type {
	Build,
	BuildEvent,
	BuildEventMap,
	BuildInput,
	BuildOptions,
	BuildResult,
	BuildState,
	BuildSummary,
	RegistryLogins,
	Secret,
} from './build.js';
export type {
	Builder,
	BuilderEvent,
	BuilderInfo,
	BuilderPhase,
	BuilderState,
	BuildLimits,
	BuildRequest,
	BuildSecret,
	DefinitionKind,
	EffectiveLimits,
	Format,
	ImageDigest,
	ImageStream,
	LimitUse,
	RegistryLogin,
	ResolvedBase,
	TerminalSize,
} from './builder.js';
export type { BuilderImageManifest } from './builder-image.js';
export type { Clock } from './clock.js';
export {
	ContainerBuilderError,
	type ContainerBuilderErrorOptions,
	isContainerBuilderError,
	type SerializedError,
} from './container-builder-error.js';
export type { ContextEntry, ContextManifest, ContextSource } from './context-source.js';
export type { Emitter, EventMap } from './emitter.js';
export { ERROR_CODES, type ErrorCode, EXIT_CODES, type FailureKind } from './error-code.js';
export type { Json } from './json.js';
export type { Logger } from './logger.js';
export type {
	BuildDeclaration,
	DsseEnvelope,
	ProvenanceKey,
	ProvenanceSigner,
} from './provenance.js';
export type {
	CreateOptions,
	Machine,
	MachineLimits,
	MachineRequest,
	NetworkMode,
	Provider,
	ProviderCapabilities,
	Removed,
} from './provider.js';
export type {
	BuilderSummary,
	BuildFilter,
	BuildOutcome,
	BuildRecord,
	Checkout,
	CheckoutEvent,
	CheckoutPriority,
	CheckoutRequest,
	Grant,
	ImageRepository,
	Lease,
	PoolBuilderState,
	PoolSummary,
	Queue,
	QueueEvent,
	QueueEventMap,
	QueueStatus,
	WaitingSummary,
} from './queue.js';
export type { RelayUse } from './relay-use.js';
export type { Hold, Store, Versioned } from './store.js';
export {
	CHANNEL_NAMES,
	type Channel,
	type ChannelName,
	type ChannelRequest,
	type CloseInfo,
	type ConnectedChannel,
	type ConnectOptions,
	type Endpoint,
	type Frame,
	type IncomingChannel,
	type Listener,
	type ListenOptions,
	type Peer,
	type RejectCode,
	type TlsIdentity,
	type Transport,
	type TransportCapabilities,
} from './transport.js';
export type { VmImageManifest } from './vm-image.js';
