import type { OutputStream } from '../invocation.js';
import type { Phases } from './phases.js';

/** A spinner with the phase, replaced by a line with its result. The cursor is shown again whenever it stops. */
export async function spinnerPhases(stream: OutputStream): Promise<Phases> {
	const { default: ora } = await import('ora');
	// Keys, Ctrl-C first of all, are not the spinner's business.
	const spinner = ora({ stream, isEnabled: true, discardStdin: false });
	let phase: string | undefined;

	return {
		start: (text) => {
			phase = text;
			spinner.start(text);
		},
		update: (detail) => {
			if (phase !== undefined) spinner.text = `${phase}: ${detail}`;
		},
		done: (result) => {
			if (phase !== undefined) spinner.succeed(`${phase}: ${result}`);
			phase = undefined;
		},
		stop: () => {
			spinner.stop();
			phase = undefined;
		},
		line: (text) => {
			const { isSpinning } = spinner;
			spinner.clear();
			stream.write(`${text}\n`);
			if (isSpinning) spinner.render();
		},
	};
}
