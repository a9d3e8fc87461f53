import {
	durationScalar,
	flag,
	name,
	section,
	sizeScalar,
	text,
} from '@olcf/container-builder-queue/configuration';
import * as z from 'zod';

const choice = <const C extends readonly string[]>(...choices: C) =>
	z.enum(choices, `must be one of: ${choices.join(', ')}`);
const count = z.number('must be a whole number').int('must be a whole number').min(0, 'must be 0 or more');

const queueSchema = section({
	url: text,
	fingerprint: text.optional(),
	ca: text.optional(),
	'token-file': text.optional(),
	insecure: flag.default(false),
});

/** Of `config.yaml`. What stands under `options` and `local` are options of `container-builder`. */
export const configurationSchema = section({
	queue: text.optional(),
	queues: z.record(name, queueSchema, 'must be queues by their names').default({}),
	options: section({
		authfile: text,
		compress: choice('zstd', 'gzip'),
		'limit-output': sizeScalar,
		'limit-time': durationScalar,
		// Not json: who calls a command knows what it is to print.
		progress: choice('auto', 'tty', 'plain', 'quiet'),
		provenance: flag,
		'retry-lost': flag,
		tty: flag,
	})
		.partial()
		.default({}),
	local: section({
		'limit-disk': sizeScalar,
		'limit-memory': sizeScalar,
		'limit-processes': count,
		network: choice('shared', 'isolated', 'none'),
		reserve: count,
	})
		.partial()
		.default({}),
}).superRefine(({ queue, queues }, context) => {
	if (queue === undefined || queue in queues || /[.:/]/.test(queue)) return;
	const names = Object.keys(queues).join(', ') || 'there are none';
	context.addIssue({
		code: 'custom',
		path: ['queue'],
		message: `must be a URL, or one of the queues: ${names}`,
	});
});
