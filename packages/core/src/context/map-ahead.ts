/**
 * The results of `work`, in the order of `items`, with up to `count` of them under way at a time: a network file system
 * takes as long for each file, but takes many at once. After a failure, or when nobody reads on, no further one is
 * begun, and those under way are waited for.
 */
export async function* mapAhead<Item, Result>(
	items: Iterable<Item>,
	count: number,
	work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
	const underWay: Promise<Result>[] = [];
	try {
		for (const item of items) {
			const result = work(item);
			// Whoever waits for it gets the failure.
			result.catch(() => {});
			underWay.push(result);
			if (underWay.length < count) continue;
			yield await (underWay.shift() as Promise<Result>);
		}
		for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) yield await next;
	} finally {
		await Promise.allSettled(underWay);
	}
}
