/** What is the matter with a file, as the end of a sentence that begins with its name. */
export function describeFileError({ code, message }: NodeJS.ErrnoException): string {
	if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
	if (code === 'EISDIR') return 'is a directory';
	if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
	return `cannot be read: ${message}`;
}
