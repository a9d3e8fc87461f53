import type { Provider } from '@olcf/container-builder-core';
import type { QemuOptions } from './qemu-options.js';
import { QemuProvider } from './qemu-provider.js';

/**
 * Builders as virtual machines on this machine. Each is a QEMU process with a copy-on-write disk over the image that
 * `cb-image make --format raw` made; its daemon is reached through one forwarded port of loopback. Network `none`
 * reaches nothing, `shared` what this machine reaches, but not the services of this machine.
 *
 * Its methods reject with `provider-misconfigured` where QEMU is missing, with `builder-image` where the image is.
 */
export function qemu(options: QemuOptions = {}): Provider {
	return new QemuProvider(options);
}
