import type { Logger } from '@olcf/container-builder-core';
import { type DestinationStream, pino } from 'pino';
import type { QueueConfiguration } from './configuration/queue-configuration.js';

const SECRETS = ['token', 'secret', 'password', 'authorization', 'bootstrap', 'sessionKey', 'key'];

/** A logger whose level can be set. */
export interface ServiceLogger extends Logger {
	level: string;
}

/** Logs as lines of JSON; fields that hold secrets are never written, wherever they come from. */
export function serviceLogger(
	level: QueueConfiguration['log']['level'],
	stream: { write(text: string): unknown },
): ServiceLogger {
	const destination: DestinationStream = { write: (line) => void stream.write(line) };
	return pino(
		{
			name: 'cb-queue',
			level,
			redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' },
			timestamp: pino.stdTimeFunctions.isoTime,
		},
		destination,
	);
}
