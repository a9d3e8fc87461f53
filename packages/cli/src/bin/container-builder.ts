#!/usr/bin/env node
import { containerBuilder } from '../commands/container-builder.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(containerBuilder);
