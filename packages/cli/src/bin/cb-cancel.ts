#!/usr/bin/env node
import { cbCancel } from '../commands/cb-cancel.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbCancel);
