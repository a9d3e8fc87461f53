#!/usr/bin/env node
import { cbStatus } from '../commands/cb-status.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbStatus);
