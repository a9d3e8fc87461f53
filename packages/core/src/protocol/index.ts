/**
 * What crosses the channels: a schema for each frame, the methods of each channel, the proofs of enrolment.
 * For transports' and daemons' authors; callers do not need it.
 *
 * @packageDocumentation
 */

export { declarationDigest, declarationOf } from '../provenance/declaration.js';
export type { Method, MethodMap, Params, Result, StreamEvent } from '../rpc/define-methods.js';
export { RequestBudget, type RequestBudgetOptions } from '../rpc/request-budget.js';
export { type CallOptions, RpcClient } from '../rpc/rpc-client.js';
export { type HandlerContext, type Handlers, serveRpc } from '../rpc/serve-rpc.js';
export { type Bootstrap, decodeBootstrap, encodeBootstrap, MAX_BOOTSTRAP_BYTES } from './bootstrap.js';
export { buildEventLineSchema } from './build-event-line.js';
export { buildMethods } from './build-methods.js';
export {
	builderEventSchema,
	builderInfoSchema,
	builderStateSchema,
	buildRequestSchema,
	MAX_DEFINITION_LENGTH,
	MAX_SECRET_BYTES,
	registryLoginsSchema,
	resolvedBasesSchema,
	secretIdSchema,
} from './builder-schemas.js';
export { decodeManifest, encodeManifest, MAX_CONTEXT_ENTRIES, makeManifest } from './context-manifest.js';
export { controlMethods } from './control-methods.js';
export { type EnrolmentTranscript, enrolmentMac, equalMacs, randomSecret } from './enrolment.js';
export { escapingLink } from './escaping-link.js';
export { MAX_MESSAGE_LENGTH, parseFrame } from './parse-frame.js';
export { architectureSchema, nameSchema, serializedErrorSchema } from './primitives.js';
export { queueMethods } from './queue-methods.js';
export { leaseSchema, queueEventSchema, queueStatusSchema } from './queue-schemas.js';
export { parseRelayToken, relayToken } from './relay-token.js';
export { makeSealingKey, type SealingKey, seal } from './sealed-box.js';
export { decodeSealedLogins, encodeSealedLogins, type SealedFor } from './sealed-logins.js';
export {
	contextClientSchema,
	contextDaemonSchema,
	contextEncodingSchema,
	streamOpenSchema,
	streamReplySchema,
} from './stream-frames.js';
export { PROTOCOL_VERSION } from './version.js';
