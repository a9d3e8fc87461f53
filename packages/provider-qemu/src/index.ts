/**
 * Builders as virtual machines on this machine, by QEMU: a kernel and a root of its own for each build, without a cloud.
 *
 * @packageDocumentation
 */
export type { AllowedDestination } from '@olcf/container-builder-core/host';
export type { Acceleration } from './choose-acceleration.js';
export { inspectQemu, type QemuReport } from './inspect-qemu.js';
export { qemu } from './qemu.js';
export type { QemuFlavor, QemuOptions } from './qemu-options.js';
