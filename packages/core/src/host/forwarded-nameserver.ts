/** Where pasta takes questions for a resolver of this machine's loopback: a documentation address, nobody's (RFC 5737). */
export const FORWARDED_NAMESERVER = '192.0.2.53';
