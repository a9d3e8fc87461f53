import { defineConfig } from 'vitest/config';

const packages = ['core', 'testing', 'transport-ws', 'provider-local', 'provider-qemu', 'builder', 'queue'];

/** Tests run against the sources; the end-to-end and system tests start the built commands. */
const alias = [
	{
		find: /^@olcf\/container-builder-core\/(host|spec|protocol|policy)$/,
		replacement: `${import.meta.dirname}/packages/core/src/$1/index.ts`,
	},
	{
		find: /^@olcf\/container-builder-testing\/(provider|store|transport)$/,
		replacement: `${import.meta.dirname}/packages/testing/src/$1.ts`,
	},
	{
		find: '@olcf/container-builder-queue/configuration',
		replacement: `${import.meta.dirname}/packages/queue/src/configuration/index.ts`,
	},
	...packages.map((name) => ({
		find: new RegExp(`^@olcf/container-builder-${name}$`),
		replacement: `${import.meta.dirname}/packages/${name}/src/index.ts`,
	})),
	{ find: /^@olcf\/container-builder$/, replacement: `${import.meta.dirname}/packages/cli/src/index.ts` },
];

/** Makes whole builder images: minutes, not for every day. */
const image = 'packages/builder/test/image/real-image.test.ts';

export default defineConfig({
	resolve: { alias },
	test: {
		projects: [
			{
				extends: true,
				test: {
					name: 'unit',
					include: [
						'packages/*/test/**/*.test.ts',
						'examples/*/test/**/*.test.ts',
						'bench/*/test/**/*.test.mjs',
					],
					exclude: [image],
					testTimeout: 30_000,
				},
			},
			{
				extends: true,
				test: {
					name: 'e2e',
					include: ['test/e2e/**/*.test.ts', 'test/security/**/*.test.ts'],
					testTimeout: 300_000,
					hookTimeout: 600_000,
					fileParallelism: false,
				},
			},
			{
				extends: true,
				test: {
					name: 'system',
					include: ['test/system/**/*.test.ts', image],
					env: { CONTAINER_BUILDER_TEST_IMAGE: '1' },
					testTimeout: 900_000,
					hookTimeout: 900_000,
					fileParallelism: false,
				},
			},
		],
	},
});
