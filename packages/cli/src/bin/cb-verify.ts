#!/usr/bin/env node
import { cbVerify } from '../commands/cb-verify.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbVerify);
