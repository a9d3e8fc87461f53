import sortedBTree from 'sorted-btree';

/** A set in order: each operation in the logarithm of its size. What decides the order of an item must not change. */
export class SortedSet<T> {
	readonly #tree;

	/** `compare` is 0 only for one and the same item. */
	constructor(compare: (a: T, b: T) => number) {
		// CommonJS: its default import is the exports to Node, the class to vitest.
		const BTree = sortedBTree.default ?? sortedBTree;
		this.#tree = new BTree<T, undefined>([], compare);
	}

	get first(): T | undefined {
		return this.#tree.minKey();
	}

	add(item: T): void {
		this.#tree.set(item, undefined);
	}

	delete(item: T): void {
		this.#tree.delete(item);
	}
}
