/** Adds up `{ passed, failed, skipped }`. */
export function addCounts(left, right) {
	return {
		passed: left.passed + right.passed,
		failed: left.failed + right.failed,
		skipped: left.skipped + right.skipped,
	};
}

/** The line that closes a run. */
export function countLine({ passed, failed, skipped }) {
	return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
