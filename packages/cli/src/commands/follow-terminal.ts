import type { Build, TerminalSize } from '@olcf/container-builder-core/spec';
import type { OutputStream } from '../invocation.js';

/** The stream's size, or the classic one where it has none. */
export function terminalSize({ columns, rows }: OutputStream): TerminalSize {
	return { columns: columns || 80, rows: rows || 24 };
}

/** Hands changes of the terminal's size on to the build; the returned function ends that. */
export function followTerminal(stream: OutputStream, build: Pick<Build, 'resize'>): () => void {
	const listener = (): void => {
		// A size that cannot be told now is told with the next change; it never ends a build.
		build.resize(terminalSize(stream)).catch(() => {});
	};
	stream.on('resize', listener);
	return () => {
		stream.off('resize', listener);
	};
}
