import { cpus, totalmem } from 'node:os';
import { table } from '../support/table.mjs';
import { FEWEST_CLIENTS } from './fewest-clients.mjs';
import { targets } from './targets.mjs';

const number = (value, digits = 0) =>
	value === null || value === undefined
		? ''
		: value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = (value) =>
	value === null || value === undefined ? '' : `${number(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
const kilobytes = (bytes) => `${number(bytes / 1_000, 1)} kB`;
const perSecond = (count, milliseconds) => `${number((count * 1_000) / milliseconds)}/s`;

/** What one run has found. */
export function runTable(result) {
	const { store, waiting, builders, ready, atOnce, line, status, quiet, steady, churn } = result;
	const loop = (phase) => ['  its event loop was late', '', ...spreadCells(phase.loop)];
	const cpu = (phase) => ms(phase.cpuMs / phase.count);
	return table([
		[`${store}, ${number(builders)} builders, ${number(waiting)} waiting`, '', 'median', 'p99', 'max'],
		['builders made ready', perSecond(ready.count, ready.wallMs)],
		['  memory of one', kilobytes(ready.queueMemory.rss)],
		['clients served from the reserve', perSecond(atOnce.count, atOnce.wallMs)],
		['clients connected and in line', perSecond(line.count, line.admittedMs)],
		['  memory of the queue for one', kilobytes(line.queueMemory.rss)],
		['    of it JavaScript', kilobytes(line.queueMemory.heapUsed)],
		['  memory of a client', kilobytes(line.clientMemory.rss)],
		['  told their place after', '', ...spreadCells(line.toldMs)],
		loop(line),
		['one asks for the status', '', ...spreadCells(status)],
		['the queue while nothing happens, CPU', `${number((100 * quiet.cpuMs) / quiet.wallMs, 1)} %`],
		['handed out once ready', perSecond(steady.count, steady.wallMs), ...spreadCells(steady.handOutMs)],
		['  of that until it is sent', '', ...spreadCells(steady.sentMs)],
		['  CPU of the queue for one', cpu(steady)],
		['  rest of the machine busy', `${number(steady.load, 1)} cores`],
		['  places told', perSecond(steady.places, steady.wallMs)],
		loop(steady),
		['  that of the clients was', '', ...spreadCells(steady.clients[0].loop)],
		['checkouts, given back at once', perSecond(churn.count, churn.wallMs), ...spreadCells(churn.handOutMs)],
		['  CPU of the queue for one', cpu(churn)],
		loop(churn),
	]);
}

function spreadCells({ p50, p99, max }) {
	return [ms(p50), ms(p99), ms(max)];
}

/** Run beside run: what grows with those who wait. */
export function comparison(results) {
	const names = [
		'store',
		'waiting',
		'CPU/checkout',
		'checkouts',
		'hand-out p50',
		'p99',
		'max',
		'loop p99',
		'memory/client',
	];
	return table([
		names,
		...results.map(({ store, waiting, line, steady, churn }) => [
			store,
			number(waiting),
			ms(churn.cpuMs / churn.count),
			perSecond(churn.count, churn.wallMs),
			...spreadCells(steady.handOutMs),
			ms(steady.loop.p99),
			waiting < FEWEST_CLIENTS ? '' : kilobytes(line.queueMemory.rss),
		]),
	]);
}

/** Of the machine, what it lets a process have, and what is kept of the targets. */
export function environment(results) {
	const { model = 'unknown' } = cpus()[0] ?? {};
	const [queue, clients] = results.at(-1).openFiles;
	const facts = {
		cores: cpus().length,
		model,
		memory: totalmem(),
		node: process.version,
		targets: targets(results),
	};
	const files =
		queue && clients
			? `limit ${queue.soft} (hard ${queue.hard}); in the last run the queue had ${queue.open}, the clients ${clients.open}`
			: 'not known';
	const lines = [
		`${facts.cores} cores (${model}), ${number(facts.memory / 2 ** 30)} GiB, Node ${facts.node}`,
		`open files: ${files}`,
		...facts.targets.map(
			({ name, kept }) => `${name}: ${kept === undefined ? 'too few to tell' : kept ? 'kept' : 'missed'}`,
		),
	];
	return { facts, text: lines.join('\n') };
}
