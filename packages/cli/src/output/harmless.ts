import { stripVTControlCharacters } from 'node:util';

/**
 * One line of text that does nothing to a terminal but stand there: without escape sequences; what else would move the
 * cursor, ring, hide or turn the direction of text is shown as `�`. For names and messages that others have chosen.
 */
export function harmless(text: string): string {
	return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{FFFD}');
}
