/**
 * What configuration files are made of: YAML whose mistakes are told with line and column, and the scalars in it.
 *
 * @packageDocumentation
 */
export { parseYaml, type YamlSchema } from './parse-yaml.js';
export { durationScalar, sizeScalar } from './scalars.js';
export { flag, name, section, text } from './schema-parts.js';
