// What providers of builders on this machine share: how it is connected, and what of that a builder may reach.
export type { AllowedDestination } from './allowed-destination.js';
export { findProgram } from './find-program.js';
export { FORWARDED_NAMESERVER } from './forwarded-nameserver.js';
export { type HostNetwork, readHostNetwork } from './host-network.js';
export { checkAllowed, isPort, type NetworkRulesInput, networkRules } from './network-rules.js';
export { systemEnvironment } from './system-environment.js';
