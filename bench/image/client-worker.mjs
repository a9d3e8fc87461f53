// Builds where it is told, and tells how long the image took from `downloading` to `succeeded`, and how much memory it has had.
import { ContainerBuilder } from '@olcf/container-builder';
import { peakMemory } from './peak-memory.mjs';

const [queue, target] = process.argv.slice(2);
const builder = new ContainerBuilder({ queue });
const build = builder.build({
	definition: { text: 'Bootstrap: scratch\n', kind: 'apptainer' },
	image: target,
	format: 'sif',
});
const { phases } = await build;
await builder.close();
process.stdout.write(JSON.stringify({ ms: phases.downloading, peak: peakMemory(process.pid) }));
