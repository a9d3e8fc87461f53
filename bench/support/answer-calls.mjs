/** The other end of a `WorkerProcess`: calls these functions for it. `onEnd` runs when it lets go. */
export function answerCalls(functions, onEnd = () => {}) {
	process.on('message', async ({ id, method, params }) => {
		try {
			process.send({ id, result: await functions[method](params) });
		} catch (error) {
			process.send({ id, error: error.stack ?? String(error) });
		}
	});
	process.on('disconnect', async () => {
		await onEnd();
		process.exit();
	});
}
