import type {
	Endpoint,
	Logger,
	MachineLimits,
	NetworkMode,
	Provider,
	Queue,
	QueueCredentials,
	RelayUse,
	Transport,
} from '@olcf/container-builder-core';

/** Options of a `ContainerBuilder`. Without any, a queue in this process makes sandboxes on this machine. */
export interface ContainerBuilderOptions {
	/**
	 * A queue somewhere else (`wss://host:port`, `ws+unix:///path`, or an endpoint with a fingerprint), or one that
	 * exists already, which then stays open when this is closed.
	 * @default a queue in this process
	 */
	readonly queue?: string | Endpoint | Queue | undefined;
	/**
	 * For a queue somewhere else: who one is, where it wants to know. A secret, or what is asked for it at each connection.
	 * @default the account of this process, for queues that know it by MUNGE
	 */
	readonly token?: string | QueueCredentials | undefined;
	/** For a queue somewhere else: whether builders are reached through it. @default 'auto': where the queue says so */
	readonly relay?: RelayUse | undefined;
	/** Allows unencrypted connections to other machines. @default false */
	readonly insecure?: boolean | undefined;
	/**
	 * For the queue in this process: where builders come from. `local`: a sandbox on this machine for each build;
	 * `qemu`: a virtual machine; `host`: the apptainer or singularity of this machine, without a sandbox.
	 * @default 'local'
	 */
	readonly provider?: Provider | 'local' | 'qemu' | 'host' | undefined;
	/** For the queue in this process: builders to have ready before anybody asks. @default 0 */
	readonly reserve?: number | undefined;
	/** For the queue in this process: most builders that exist at a time. @default 4, or one more than the reserve */
	readonly max?: number | undefined;
	/** For the queue in this process: the builders' way out. @default 'shared' where the provider has it */
	readonly network?: NetworkMode | undefined;
	/** For the queue in this process: what one builder may use. @default the provider's own */
	readonly limits?: MachineLimits | undefined;
	/** For the queue in this process. @default silent */
	readonly logger?: Logger | undefined;
	/** How builders, and a queue somewhere else, are reached. @default [ws({ proxy: 'environment' })] */
	readonly transports?: readonly Transport[] | undefined;
	/** Milliseconds that a canceled build's backend gets to end by itself. @default 10000 */
	readonly cancelGraceMs?: number | undefined;
	/**
	 * Milliseconds for which a broken connection to a builder is made anew; where its queue cannot be reached either, at least
	 * as long as the queue keeps the builder. @default 60000
	 */
	readonly reconnectMs?: number | undefined;
}
