#!/usr/bin/env node
import { daemonMain } from '@olcf/container-builder-builder';
import { ws } from '@olcf/container-builder-transport-ws';

process.exitCode = await daemonMain({
	argv: process.argv.slice(2),
	transport: ws(),
	environment: process.env,
});
