// Removes what `npm run build` made; node_modules and the caches stay.
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './support/project.mjs';

for (const name of readdirSync(join(root, 'packages'))) {
	await rm(join(root, 'packages', name, 'dist'), { recursive: true, force: true });
}
await rm(join(root, 'node_modules', '.stamps'), { recursive: true, force: true });
