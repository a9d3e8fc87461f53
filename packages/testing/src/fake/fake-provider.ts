import type { ContainerBuilderError, Machine, Provider } from '@olcf/container-builder-core';
import type { FakeQuota } from './fake-quota.js';
import type { FakeCall, FakeProviderScript } from './fake-script.js';
import { ScriptedProvider } from './scripted-provider.js';

/** A provider without machines, and the means to look at it and to trouble it. Made by {@link fakeProvider}. */
export interface FakeProvider extends Provider, AsyncDisposable {
	/** What exists now, of all owners, whatever `list` may say; what lingers among it. */
	readonly machines: readonly Machine[];
	/** Every call so far, in order. */
	readonly calls: readonly FakeCall[];
	/** Lets a machine die now. @default how 'failed' */
	kill(builderId: string, how?: 'failed' | 'gone'): Promise<void>;
	/** Lets the next calls of a method reject, before anything is done. @default times 1 */
	failNext(method: FakeCall['method'], error: ContainerBuilderError, times?: number): void;
	/**
	 * Lets the next calls of a method go unanswered for ever, whatever becomes of their signals; nothing is done.
	 * @default times 1
	 */
	hangNext(method: FakeCall['method'], times?: number): void;
	/** Changes the quota, as when a cloud gets smaller: what exists stays. Undefined takes it away. */
	setQuota(quota: FakeQuota | undefined): void;
	/** Adds an image or gives its name to another one, as when a newer one is published. */
	setImage(name: string, id: string): void;
	/** Ends all machines and their daemons; for the end of a test. */
	[Symbol.asyncDispose](): Promise<void>;
}

/**
 * A {@link Provider} whose machines exist in this process only, behave as the script says, and boot what `onBoot`
 * starts. Its machines outlive `close()`, as those of a cloud would: dispose of it at the end.
 */
export function fakeProvider(script: FakeProviderScript = {}): FakeProvider {
	return new ScriptedProvider(script);
}
