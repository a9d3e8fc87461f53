/**
 * Builders on this machine: {@link local} makes each one a sandbox that exists for one build only, {@link host} runs
 * the daemon as it is, with the machine's own apptainer. {@link inspectHost} tells what this machine lacks.
 *
 * @packageDocumentation
 */
export type { AllowedDestination } from '@olcf/container-builder-core/host';
export { host } from './host.js';
export { type HostReport, type InspectHostOptions, inspectHost } from './inspect-host.js';
export { local } from './local.js';
export type {
	DiskKind,
	HostOptions,
	LocalOptions,
	SupervisedOptions,
} from './local-options.js';
export type { Prerequisite } from './prerequisites.js';
