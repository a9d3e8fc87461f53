#!/usr/bin/env node
import { cbImages } from '../commands/cb-images.js';
import { runAsProcess } from '../process-invocation.js';

await runAsProcess(cbImages);
