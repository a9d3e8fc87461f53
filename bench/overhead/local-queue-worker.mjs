// A queue in a process of its own whose builders are sandboxes of this machine: started by main.mjs.
import { local } from '@olcf/container-builder-provider-local';
import { serveBenchQueue } from '../support/serve-bench-queue.mjs';

const { directory, reserve } = JSON.parse(process.argv[2]);
await serveBenchQueue({ provider: local(), directory, reserve });
