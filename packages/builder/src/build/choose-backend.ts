import {
	type Architecture,
	type Backend,
	type BuildRequest,
	ContainerBuilderError,
} from '@olcf/container-builder-core';

/** The first backend that can do what is asked for. Throws `unsupported`. */
export function chooseBackend(
	{ kind, format, backend: name, architecture }: BuildRequest,
	builder: { readonly backends: readonly Backend[]; readonly architectures: readonly Architecture[] },
): Backend {
	if (!builder.architectures.includes(architecture)) {
		throw new ContainerBuilderError('unsupported', `this builder cannot build for ${architecture}`, {
			hint: `It builds for: ${builder.architectures.join(', ')}.`,
		});
	}
	const found = builder.backends.find(
		(backend) =>
			(name === undefined || backend.name === name) &&
			backend.kinds.includes(kind) &&
			backend.formats.includes(format),
	);
	if (found) return found;
	const wanted = name === undefined ? 'a backend' : `the backend ${name}`;
	throw new ContainerBuilderError(
		'unsupported',
		`this builder lacks ${wanted} that makes images of format ${format} from definitions of kind ${kind}`,
		{ hint: `It has: ${builder.backends.map((backend) => backend.name).join(', ') || 'none'}.` },
	);
}
