import type { Architecture, NetworkMode } from '@olcf/container-builder-core';
import type { MachineSize } from './machine-size.js';

/** Where the daemon listens inside. */
export const GUEST_PORT = 7000;

/** What a QEMU process is told. Paths are absolute. */
export interface QemuCommand {
	readonly architecture: Architecture;
	readonly acceleration: 'kvm' | 'tcg';
	readonly size: MachineSize;
	readonly kernel: string;
	readonly initrd: string;
	readonly commandLine: string;
	/** A qcow2 file of this machine's own. */
	readonly disk: string;
	/** Files that the guest reads by their names. */
	readonly handed: Readonly<Record<string, string>>;
	readonly network: NetworkMode;
	/** Port of loopback that leads to the daemon. */
	readonly port: number;
	/** Where passt is, for network `shared`. */
	readonly networkSocket: string;
	readonly console: string;
	/** Path of the socket of the machine protocol. */
	readonly qmp: string;
	readonly pidFile: string;
}

/** The arguments of `qemu-system-*`: https://www.qemu.org/docs/master/system/invocation.html */
export function qemuArguments(command: QemuCommand): readonly string[] {
	const { size, port, network } = command;
	const netdev =
		network === 'shared'
			? `stream,id=net,server=off,addr.type=unix,addr.path=${escaped(command.networkSocket)}`
			: // Answers through the forwarded port pass; what the guest begins itself does not.
				`user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:${GUEST_PORT}`;
	const arm = command.architecture === 'arm64';
	return [
		...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
		...['-machine', arm ? 'virt' : 'q35', '-cpu', command.acceleration === 'kvm' ? 'host' : 'max'],
		...['-accel', command.acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=512'],
		...['-smp', String(size.cpus), '-m', `${size.memoryBytes / 2 ** 20}M`],
		...['-kernel', command.kernel, '-initrd', command.initrd, '-append', command.commandLine],
		// What is on it will not outlive the machine: nothing waits for the host's disk.
		...['-drive', `if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,file=${escaped(command.disk)}`],
		...['-device', 'virtio-blk-pci,drive=disk'],
		...['-netdev', netdev],
		...['-device', 'virtio-net-pci,netdev=net,romfile='],
		...['-device', 'virtio-rng-pci'],
		...Object.entries(command.handed).flatMap(([name, file]) => [
			'-fw_cfg',
			`name=opt/container-builder/${name},file=${escaped(file)}`,
		]),
		...['-serial', `file:${command.console}`],
		...['-qmp', `unix:${escaped(command.qmp)},server=on,wait=off`],
		...['-pidfile', command.pidFile],
		...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
	];
}

/** In a list of options a comma is written twice. */
function escaped(text: string): string {
	return text.replaceAll(',', ',,');
}
