#!/usr/bin/env node
import { cbLogs } from '../commands/cb-logs.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbLogs);
