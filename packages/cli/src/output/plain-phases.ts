import type { OutputStream } from '../invocation.js';
import type { Phases } from './phases.js';

/** `Requesting remote builder: Connected to remote builder: HOST`, the second half when it is known. */
export function plainPhases(stream: OutputStream): Phases {
	let open = false;
	let lineIsOpen = false;
	let lastDetail = '';

	const endLine = (): void => {
		if (lineIsOpen) stream.write('\n');
		lineIsOpen = false;
	};
	const phases: Phases = {
		start: (text) => {
			endLine();
			stream.write(`${text}: `);
			open = true;
			lineIsOpen = true;
			lastDetail = '';
		},
		update: (detail, { lasting = false } = {}) => {
			if (!open || !lasting || detail === lastDetail) return;
			lastDetail = detail;
			phases.line(detail);
		},
		done: (result) => {
			if (!open) return;
			stream.write(`${result}\n`);
			open = false;
			lineIsOpen = false;
		},
		stop: () => {
			endLine();
			open = false;
		},
		line: (text) => {
			endLine();
			stream.write(`${text}\n`);
		},
	};
	return phases;
}
