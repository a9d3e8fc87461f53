/**
 * Runs all sides in turns, so that what else the machine does meets each of them; the first round warms up and is not counted.
 * A side's `run` resolves with a figure, or with several by name. Resolves with the figures of each, by the side's name.
 */
export async function alternate(sides, rounds) {
	const figures = Object.fromEntries(sides.map(({ name }) => [name, []]));
	for (let round = -1; round < rounds; round++) {
		for (const { name, run } of sides) {
			const figure = await run();
			if (round >= 0) figures[name].push(figure);
		}
	}
	return figures;
}
