/** The processor architectures that an image can be built for, by their Debian and OCI-like names. */
export const ARCHITECTURES = ['amd64', 'arm64', 'ppc64le'] as const;

/** One of {@link ARCHITECTURES}. */
export type Architecture = (typeof ARCHITECTURES)[number];
