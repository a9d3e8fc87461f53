#!/usr/bin/env node
import { cbQueue } from '../commands/cb-queue.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbQueue);
