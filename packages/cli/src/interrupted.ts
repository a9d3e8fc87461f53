/** Why a command's signal was aborted: by a signal to its process. */
export class Interrupted extends Error {
	override readonly name = 'Interrupted';
	readonly signal: NodeJS.Signals;

	constructor(signal: NodeJS.Signals) {
		super(`User requested exit (${signal})`);
		this.signal = signal;
	}
}
