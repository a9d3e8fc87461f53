/** Whether a text can be the name of a user or a group: nothing that does things to a terminal or a log. */
export function isUserName(text: string): boolean {
	return /^[^\p{Cc}]{1,256}$/u.test(text);
}
