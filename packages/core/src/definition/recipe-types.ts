import type { Architecture, DefinitionKind } from '../spec/index.js';
import type { DefinitionProblem, Position } from './definition-types.js';
import type { LocalFile } from './local-files.js';

/** Options of `readRecipe`. */
export interface ReadRecipeOptions {
	/** @default what the text looks like; an Apptainer definition where it looks like neither */
	readonly kind?: DefinitionKind | undefined;
	/** Values for the template arguments or `ARG`s. */
	readonly arguments?: Readonly<Record<string, string>> | undefined;
	/** The stage of a Dockerfile to build. @default the last */
	readonly target?: string | undefined;
	/** What a Dockerfile's `TARGETARCH` and the like stand for. Absent: bases that are named by it are left out. */
	readonly architecture?: Architecture | undefined;
}

/** A base image that a recipe takes from a registry. */
export interface RemoteBase {
	/** `docker`: an image of layers. `oras`: a SIF file as an artifact. */
	readonly transport: 'docker' | 'oras';
	/** With its registry and its tag or digest, as Docker means it: `docker.io/library/debian:12`. */
	readonly reference: string;
	/** Host, and port where it has one: `docker.io`, `registry.example:5000`. */
	readonly registry: string;
	readonly position: Position;
	/** Every `FROM` that names it has a `--platform` of its own: the image's architecture says nothing about it. */
	readonly otherPlatform?: true | undefined;
}

/** Something that a recipe takes from its context. */
export interface ContextPath {
	/** As it is written, less its quotes; it may have wildcards. */
	readonly path: string;
	readonly position: Position;
}

/** What a definition of either kind says, arguments filled in, as far as a build needs to know. */
export interface Recipe {
	readonly kind: DefinitionKind;
	/** All that is wrong with it, in the order of the text. */
	readonly problems: readonly DefinitionProblem[];
	/** Those that the build will need, each once; unreachable stages of a Dockerfile are left out. */
	readonly bases: readonly RemoteBase[];
	/** `paths`: exactly these. `directory`: whatever its ignore file leaves, and `copied` must be there. `none`: nothing local. */
	readonly context:
		| { readonly kind: 'none' }
		| { readonly kind: 'paths'; readonly files: readonly LocalFile[] }
		| { readonly kind: 'directory'; readonly copied: readonly ContextPath[] };
	/** Ids that `RUN --mount=type=secret` and `/run/secrets/ID` name, as far as it can be seen. */
	readonly secretIds: ReadonlySet<string>;
	/** Those that it cannot be built without, and where each is asked for first. */
	readonly requiredSecrets: ReadonlyMap<string, Position>;
	/** Whether its bootstrap agent runs on the machine's own architecture whatever was asked for (`debootstrap`, `yum`, …): where. */
	readonly nativeOnly?: { readonly agent: string; readonly position: Position } | undefined;
}
