#!/usr/bin/env node
import { cbImage } from '../commands/cb-image.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbImage);
