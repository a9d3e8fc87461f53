import * as z from 'zod';
import { defineMethods } from '../rpc/define-methods.js';
import {
	builderEventSchema,
	builderInfoSchema,
	builderStateSchema,
	buildRequestSchema,
	terminalSizeSchema,
} from './builder-schemas.js';
import { countSchema, emptySchema } from './primitives.js';

/** The channel `build`: the client dials with the lease's token, the daemon serves. See `Builder`. */
export const buildMethods = defineMethods({
	info: { params: emptySchema, result: builderInfoSchema },
	start: { params: buildRequestSchema, result: builderStateSchema },
	state: { params: emptySchema, result: builderStateSchema },
	states: { params: z.strictObject({ after: countSchema }), result: emptySchema, event: builderEventSchema },
	resize: { params: terminalSizeSchema, result: emptySchema },
	cancel: { params: z.strictObject({ force: z.boolean() }), result: emptySchema },
});
