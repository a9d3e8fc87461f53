/** A place in the text of a definition; the first line and the first column are 1. */
export interface Position {
	readonly line: number;
	/** In UTF-16 code units. */
	readonly column: number;
}

/** Something that is wrong with a definition, or that will not do what it seems to say. */
export interface DefinitionProblem {
	/** An `error` refuses the build; a `warning` is told, and the build goes on. */
	readonly severity: 'error' | 'warning';
	readonly message: string;
	readonly position: Position;
}

/** One `Key: value` of a header. */
export interface HeaderField {
	/** Lower case. */
	readonly key: string;
	/** Without comment, continuation lines joined. */
	readonly value: string;
	/** Of the key. */
	readonly position: Position;
	readonly valuePosition: Position;
}

/** One section, as it stands. */
export interface DefinitionSection {
	/** Lower case, without `%`. */
	readonly name: string;
	/** What follows the name: `-c /bin/bash`, `from build`. */
	readonly argument: string;
	/** Of `%app…` sections: the name of the app. */
	readonly app?: string | undefined;
	/** The lines between this section's and the next one's. */
	readonly body: string;
	readonly position: Position;
	/** Of the first character of the body. */
	readonly bodyPosition: Position;
}

/** One line of a `%files` or `%appfiles` section. */
export interface FileCopy {
	readonly source: string;
	/** Absent: the same path as the source. */
	readonly destination?: string | undefined;
	/** The stage that it is copied from; absent: from the context. */
	readonly from?: string | undefined;
	/** Whether `source` may have wildcards: `%files` has, `%appfiles` has not. */
	readonly wildcards: boolean;
	readonly position: Position;
}

/** What one `Bootstrap:` begins. */
export interface DefinitionStage {
	/** Of `Stage:`. */
	readonly name?: string | undefined;
	/** The bootstrap agent: `docker`, `localimage`, `debootstrap`, … */
	readonly bootstrap: string;
	readonly header: ReadonlyMap<string, HeaderField>;
	readonly sections: readonly DefinitionSection[];
	readonly files: readonly FileCopy[];
	/** The defaults of `%arguments`. */
	readonly defaults: ReadonlyMap<string, string>;
	readonly position: Position;
}

/** An Apptainer definition with its template arguments filled in. */
export interface ApptainerDefinition {
	readonly stages: readonly DefinitionStage[];
	/** Names of the template arguments that are used. */
	readonly usedArguments: ReadonlySet<string>;
}

/** What came of reading a definition: as much as could be read, and everything that is wrong with it, in order. */
export interface ParsedDefinition {
	readonly definition: ApptainerDefinition;
	readonly problems: readonly DefinitionProblem[];
}
