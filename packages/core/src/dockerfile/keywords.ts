import { Keyword } from 'dockerfile-ast';

/** All instructions, in capitals. */
export const KEYWORDS: readonly string[] = Object.values(Keyword);
