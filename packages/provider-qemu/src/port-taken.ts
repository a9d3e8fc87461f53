/** A port was free when it was looked for, and has been taken since. */
export class PortTaken extends Error {}
