// A strict TypeScript project against the declarations that users get.
import { type BuildEvent, type BuildResult, ContainerBuilder, type Provider } from '@olcf/container-builder';
import { serveBuilder } from '@olcf/container-builder-builder';
import { BuilderQueue, type Transport } from '@olcf/container-builder-core';
import { decidePool } from '@olcf/container-builder-core/policy';
import { controlMethods } from '@olcf/container-builder-core/protocol';
import type { Channel } from '@olcf/container-builder-core/spec';
import { host, local } from '@olcf/container-builder-provider-local';
import { lmdbStore, loadConfiguration } from '@olcf/container-builder-queue';
import { fakeProvider, memoryTransport } from '@olcf/container-builder-testing';
import { testProvider } from '@olcf/container-builder-testing/provider';
import { testStore } from '@olcf/container-builder-testing/store';
import { testTransport } from '@olcf/container-builder-testing/transport';
import { ws } from '@olcf/container-builder-transport-ws';

const provider: Provider = local({ disk: 'tmpfs' });
const transport: Transport = ws();

export async function use(): Promise<BuildResult> {
	const builder = new ContainerBuilder({ provider });
	const build = builder.build({ definition: 'hello.def', image: 'hello.sif' });
	build.on('output', ({ bytes }) => process.stdout.write(bytes));
	// @ts-expect-error: there is no such event
	build.on('ouput', () => {});
	for await (const event of build) show(event);
	return await build;
}

function show(event: BuildEvent): void {
	if (event.type === 'build-end') console.log(event.status, event.error?.code);
}

export const parts: readonly unknown[] = [
	serveBuilder,
	BuilderQueue,
	controlMethods,
	decidePool,
	host,
	lmdbStore,
	loadConfiguration,
	fakeProvider,
	memoryTransport,
	testProvider,
	testStore,
	testTransport,
	transport,
];
export type { Channel };
