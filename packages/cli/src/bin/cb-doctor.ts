#!/usr/bin/env node
import { cbDoctor } from '../commands/cb-doctor.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbDoctor);
