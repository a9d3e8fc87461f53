/** The version of the protocol that this package speaks. It goes into the opening handshake of every channel. */
export const PROTOCOL_VERSION = 1;
