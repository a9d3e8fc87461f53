import { examine } from '../doctor/examine.js';
import type { CommandMain } from '../invocation.js';
import { cbDoctorCommand } from '../options/cb-doctor-options.js';
import { writeJson } from '../output/write-json.js';
import { queueAddress } from '../queue-address.js';
import { runCommand } from './run-command.js';
import { showFindings } from './show-findings.js';

/** `cb-doctor`. */
export const cbDoctor: CommandMain = (invocation) =>
	runCommand(cbDoctorCommand, invocation, async ({ values, signal }) => {
		const findings = await examine(queueAddress(values, invocation.environment), { signal });
		const ready = findings.every(({ status }) => status !== 'problem');
		if (values.json) writeJson(invocation.stdout, { ready, findings });
		else invocation.stdout.write(showFindings(findings));
		return ready ? 0 : 1;
	});
