import { ContainerBuilder } from '@olcf/container-builder';

const [image = 'hello.sif', definition = '../recipes/hello.def'] = process.argv.slice(2);
const builder = new ContainerBuilder();
try {
	const build = builder.build({ definition, image }, { force: true });
	for await (const bytes of build.output()) process.stdout.write(bytes);
	const result = await build;
	console.log(`${result.image.path}: ${result.image.size} bytes in ${Math.round(result.durationMs)} ms`);
} finally {
	await builder.close();
}
