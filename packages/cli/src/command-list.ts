import { cbAttachCommand } from './options/cb-attach-options.js';
import { cbCancelCommand } from './options/cb-cancel-options.js';
import { cbDoctorCommand } from './options/cb-doctor-options.js';
import { cbImageListCommand, cbImageMakeCommand, cbImagePathCommand } from './options/cb-image-options.js';
import { cbImagesCommand } from './options/cb-images-options.js';
import { cbLogsCommand } from './options/cb-logs-options.js';
import { cbQueueCommand } from './options/cb-queue-options.js';
import { cbStatusCommand } from './options/cb-status-options.js';
import { cbVerifyCommand } from './options/cb-verify-options.js';
import { containerBuilderCommand } from './options/container-builder-options.js';
import type { CommandSpecification } from './options/option-table.js';

/** All commands as data, in the order of the documentation. */
export const commandList: readonly CommandSpecification[] = [
	containerBuilderCommand,
	cbAttachCommand,
	cbLogsCommand,
	cbCancelCommand,
	cbStatusCommand,
	cbImagesCommand,
	cbVerifyCommand,
	cbDoctorCommand,
	cbImageMakeCommand,
	cbImageListCommand,
	cbImagePathCommand,
	cbQueueCommand,
];
