import { describe, expect, it } from 'vitest';
import { collect, collectAll } from './support/collect.js';
import { request, shell, startBuilder } from './support/start-builder.js';

const terminal = { columns: 101, rows: 31 };

describe('a terminal', () => {
	it('is one, of the size that was asked for, with nothing to read', async () => {
		await using builder = await startBuilder([
			shell(
				'test -t 1 && test -t 2 && echo terminal; stty size < /dev/tty; readlink /proc/self/fd/0; printf "ä\\r\\033[1m%s\\n" "it\'s"',
			),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ terminal }));
		const output = (await collect(client.output())).toString();
		expect(output).toBe("terminal\r\n31 101\r\n/dev/null\r\nä\r\u001b[1mit's\r\n");
	});

	it.each([
		['exit 0', { exitCode: 0, signal: null }],
		['exit 42', { exitCode: 42, signal: null }],
		['kill -KILL $$', { exitCode: null, signal: 'SIGKILL' }],
	])('keeps the ending: %s', async (text, ending) => {
		await using builder = await startBuilder([shell(text)]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ terminal }));
		const events = await collectAll(client.states());
		expect(events.find(({ type }) => type === 'backend-end')).toMatchObject(ending);
	});

	it('tells the processes on it when its size changes', async () => {
		await using builder = await startBuilder([
			shell('trap "stty size < /dev/tty; exit 0" WINCH; echo ready; while :; do sleep 0.02; done'),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ terminal }));
		let output = '';
		for await (const chunk of client.output()) {
			output += Buffer.from(chunk).toString();
			if (output === 'ready\r\n') await client.resize({ columns: 132, rows: 50 });
		}
		expect(output).toBe('ready\r\n50 132\r\n');
	});

	it('is taken along when the build is canceled', async () => {
		await using builder = await startBuilder([
			shell('trap "echo goodbye; exit 9" TERM; sleep 1000 & echo ready; wait'),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ terminal }));
		let output = '';
		for await (const chunk of client.output()) {
			output += Buffer.from(chunk).toString();
			if (output === 'ready\r\n') await client.cancel();
		}
		expect(output).toBe('ready\r\ngoodbye\r\n');
		expect(await client.state()).toMatchObject({ phase: 'canceled', exitCode: 9 });
	});

	it('has no effect where there is none', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		await client.resize({ columns: 10, rows: 10 });
		await collectAll(client.states());
		expect((await client.state()).phase).toBe('built');
	});
});
