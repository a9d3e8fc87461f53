import { constants } from 'node:fs';

/** How a file of a context is opened: it must not be there yet, and nothing is followed to where it is. */
export const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
