import { formatDuration } from '../output/format-duration.js';
import { formatTime } from '../output/format-time.js';
import type { Phases } from '../output/phases.js';

/** Says that a build goes on by itself, for how long, and how to come back to it. */
export function tellDeparture(phases: Phases, id: string, keptMs: number): void {
	const until = formatTime(Date.now() + keptMs);
	phases.line(`Left build ${id} to itself`);
	phases.line(`Its builder is kept until ${until} (${formatDuration(keptMs)}), with the image`);
	phases.line(`hint: cb-attach ${id}`);
}
