/** With fewer, what memory tells is how the process grows by itself. */
export const FEWEST_CLIENTS = 1_000;
