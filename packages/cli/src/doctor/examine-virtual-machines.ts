import type { AbortOptions } from '@olcf/container-builder-core/spec';
import type { Finding } from './finding.js';

const name = 'virtual-machines';

/** Whether `--provider qemu` works on this machine. Nobody needs it who does not ask for it: nothing here is a problem. */
export async function examineVirtualMachines({ signal }: AbortOptions): Promise<Finding[]> {
	const { inspectQemu } = await import('@olcf/container-builder-provider-qemu');
	const { programs, install, version, image, imageProblem, acceleration } = await inspectQemu({ signal });
	if (version === undefined && image === undefined) {
		return [
			{
				name,
				status: 'ok',
				detail: `not set up; --provider qemu needs, as root: ${install}; cb-image make --format raw`,
			},
		];
	}
	const missing = programs.filter(({ ok }) => !ok);
	const found: Finding[] = missing.map((program) => ({
		name: program.name,
		status: 'warning',
		detail: `not found (no ${program.neededFor === 'machine' ? 'virtual machine' : `network ${program.neededFor} of a virtual machine`} without it)`,
		remedy: install,
	}));
	if (imageProblem !== undefined) {
		found.push({
			name: 'vm-image',
			status: 'warning',
			detail: imageProblem.message,
			remedy: imageProblem.hint,
		});
	}
	const broken = imageProblem !== undefined || missing.some(({ neededFor }) => neededFor === 'machine');
	if (broken)
		return [
			{ name, status: 'warning', detail: 'none can be made on this machine', remedy: 'See below.' },
			...found,
		];
	const detail = `${version}, ${acceleration?.kind} (${acceleration?.reason}), an image made ${image?.createdAt}`;
	return [{ name, status: 'ok', detail }, ...found];
}
