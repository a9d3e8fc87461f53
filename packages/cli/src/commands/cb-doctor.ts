import { examine } from '../doctor/examine.js';
import type { CommandMain } from '../invocation.js';
import { cbDoctorCommand } from '../options/cb-doctor-options.js';
import { writeJson } from '../output/write-json.js';
import { runCommand } from './run-command.js';
import { showFindings } from './show-findings.js';

/** `cb-doctor`. */
export const cbDoctor: CommandMain = (invocation) =>
	runCommand(cbDoctorCommand, invocation, async ({ values, configuration, signal }) => {
		const { environment } = invocation;
		const findings = await examine({ queue: values, environment, configuration, signal });
		const ready = findings.every(({ status }) => status !== 'problem');
		if (values.json) writeJson(invocation.stdout, { ready, findings });
		else invocation.stdout.write(showFindings(findings));
		return ready ? 0 : 1;
	});
