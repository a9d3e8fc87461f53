import { commandList } from './command-list.js';
import { completionScript } from './completion/completion-script.js';
import { manPage } from './man/man-page.js';
import { version } from './version.js';

/** What is made of the option tables beside the documentation: texts by their paths in `dist`. */
export function generatedFiles(): ReadonlyMap<string, string> {
	return new Map([
		['completions/container-builder.bash', completionScript('bash')],
		['completions/_container-builder', completionScript('zsh')],
		['completions/container-builder.fish', completionScript('fish')],
		...commandList.map(
			(command) => [`man/${command.name.replaceAll(' ', '-')}.1`, manPage(command, version)] as const,
		),
	]);
}
