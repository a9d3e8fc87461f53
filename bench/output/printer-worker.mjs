// Prints a line each millisecond with the moment it was written, for as many seconds as it is told.
import { writeSync } from 'node:fs';

const seconds = Number(process.argv[2]);
const began = performance.now();
for (let line = 0; line < seconds * 1_000; ) {
	const due = Math.floor(performance.now() - began);
	for (; line <= due && line < seconds * 1_000; line++)
		writeSync(1, `${performance.timeOrigin + performance.now()}\n`);
	await new Promise((resolve) => setTimeout(resolve, 1));
}
