/** A machine that could not be resumed from its snapshot; it may still boot. */
export class UselessSnapshot extends Error {
	constructor(cause: unknown) {
		super(cause instanceof Error ? cause.message : String(cause), { cause });
		this.name = 'UselessSnapshot';
	}
}
