/**
 * The queue as a service: `serveQueue` lets others use a `BuilderQueue`, `queueService` runs one by its
 * configuration, `queueMain` is the command around it.
 *
 * @packageDocumentation
 */
export type { TransportFactory } from './assemble-queue.js';
export type { ClaimPatterns } from './authentication/claim-rules.js';
export {
	type JwtAuthenticatorOptions,
	type JwtIssuer,
	jwtAuthenticator,
} from './authentication/jwt-authenticator.js';
export {
	type MungeAuthenticatorOptions,
	mungeAuthenticator,
} from './authentication/munge-authenticator.js';
export { type NoneAuthenticatorOptions, noneAuthenticator } from './authentication/none-authenticator.js';
export {
	type TokensAuthenticatorOptions,
	tokensAuthenticator,
} from './authentication/tokens-authenticator.js';
export { loadConfiguration, parseConfiguration } from './configuration/load-configuration.js';
export type { QueueConfiguration } from './configuration/queue-configuration.js';
export { type OwnSignerOptions, ownSigner } from './own-signer.js';
export type { ProviderEntry, ProviderFactories, ProviderFactory } from './provider-factories.js';
export { type QueueMainOptions, queueMain } from './queue-main.js';
export { type QueueService, type QueueServiceOptions, queueService } from './queue-service.js';
export { type QueueServer, type ServeQueueOptions, serveQueue } from './serve-queue.js';
export { type LmdbStoreOptions, lmdbStore } from './store/lmdb-store.js';
