import { commandList } from '../command-list.js';
import { bashCompletion } from './bash-completion.js';
import { fishCompletion } from './fish-completion.js';
import { zshCompletion } from './zsh-completion.js';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** What completes all commands in a shell. */
export function completionScript(shell: keyof typeof SCRIPTS): string {
	return SCRIPTS[shell](commandList);
}
