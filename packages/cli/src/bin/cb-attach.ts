#!/usr/bin/env node
import { cbAttach } from '../commands/cb-attach.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbAttach);
