import type { Run } from 'dockerfile-ast';

/** One `--mount` of a `RUN`. */
export interface ImageMount {
	/** @default 'bind' */
	readonly type: string;
	/** As they are written; keys in lower case. */
	readonly options: ReadonlyMap<string, string>;
	/** Where its value stands, counted from 0. */
	readonly start: { readonly line: number; readonly character: number };
}

/** The `--mount`s of a `RUN`. */
export function imageMounts(run: Run): readonly ImageMount[] {
	return run
		.getFlags()
		.filter((flag) => flag.getName() === 'mount')
		.map((flag) => {
			const options = new Map(
				(flag.getValue() ?? '').split(',').map((field) => {
					const equals = field.indexOf('=');
					const key = equals < 0 ? field : field.slice(0, equals);
					return [
						key.trim().toLowerCase(),
						equals < 0 ? '' : field.slice(equals + 1).replace(/^"(.*)"$/, '$1'),
					];
				}),
			);
			const { start } = flag.getValueRange() ?? flag.getRange();
			return { type: options.get('type') ?? 'bind', options, start };
		});
}
