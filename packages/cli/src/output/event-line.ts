import type { BuildEvent } from '@olcf/container-builder-core/spec';

/** An event as `--progress json` prints it, without its line end: bytes are base64. */
export function eventLine(event: BuildEvent): string {
	if (event.type !== 'output') return JSON.stringify(event);
	const { bytes, ...rest } = event;
	return JSON.stringify({ ...rest, bytes: Buffer.from(bytes).toString('base64') });
}
