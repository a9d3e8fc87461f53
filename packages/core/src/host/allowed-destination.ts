/** A destination that builders of network `isolated` may reach although it is private or this machine's own. */
export interface AllowedDestination {
	/** An address; this or `cidr`. */
	readonly address?: string | undefined;
	/** A range of addresses: `10.1.0.0/16`; this or `address`. */
	readonly cidr?: string | undefined;
	/** @default every port */
	readonly port?: number | undefined;
	/** @default both, and without a port every protocol */
	readonly protocol?: 'tcp' | 'udp' | undefined;
}
