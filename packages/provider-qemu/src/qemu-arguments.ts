import type { Architecture, NetworkMode } from '@olcf/container-builder-core';
import type { MachineSize } from './machine-size.js';

/** Where the daemon listens inside. */
export const GUEST_PORT = 7000;
/** What is on it will not outlive the machine: nothing waits for this one's disk. A full one is an error, not a halt. */
const DISK = 'cache=unsafe,discard=unmap,werror=report,rerror=report';

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
	/** Of its network card. */
	readonly address: string;
	/** Where passt is, for every network but `none`. */
	readonly networkSocket: string;
	readonly console: string;
	/** Path of the socket of the machine protocol. */
	readonly qmp: string;
	readonly pidFile: string;
	/** Absent: it boots, and has nothing to do with snapshots. */
	readonly snapshot?:
		| {
				/** The machine that the snapshot is taken of, or one that goes on from it; their devices are the same. */
				readonly role: 'source' | 'copy';
				/** Socket of the port where the guest waits to hear who it is. */
				readonly port: string;
		  }
		| undefined;
}

/** The arguments of `qemu-system-*`: https://www.qemu.org/docs/master/system/invocation.html */
export function qemuArguments(command: QemuCommand): readonly string[] {
	const { size, port, network, snapshot } = command;
	const netdev =
		network !== 'none'
			? `stream,id=net,server=off,addr.type=unix,addr.path=${escaped(command.networkSocket)}`
			: // Answers through the forwarded port pass; what the guest begins itself does not.
				`user,id=net,restrict=on${snapshot?.role === 'source' ? '' : `,hostfwd=tcp:127.0.0.1:${port}-:${GUEST_PORT}`}`;
	const arm = command.architecture === 'arm64';
	return [
		...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
		...['-machine', arm ? 'virt' : 'q35', '-cpu', command.acceleration === 'kvm' ? 'host' : 'max'],
		...['-accel', command.acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=512'],
		...['-smp', String(size.cpus), '-m', `${size.memoryBytes / 2 ** 20}M`],
		...['-kernel', command.kernel, '-initrd', command.initrd],
		...['-append', snapshot === undefined ? command.commandLine : `${command.commandLine} builder.wait`],
		...['-drive', `if=none,id=disk,format=qcow2,${DISK},file=${escaped(command.disk)}`],
		...['-device', 'virtio-blk-pci,drive=disk'],
		...['-netdev', netdev],
		...['-device', `virtio-net-pci,netdev=net,romfile=,mac=${command.address}`],
		...['-device', 'virtio-rng-pci'],
		...(snapshot === undefined ? [] : waiting(snapshot.port)),
		...(snapshot?.role === 'copy' ? ['-incoming', 'fd:3'] : []),
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

/**
 * The port where the guest hears who it is, and the device that tells its kernel that it was resumed:
 * https://www.qemu.org/docs/master/specs/vmgenid.html
 */
function waiting(socket: string): readonly string[] {
	return [
		...['-device', 'virtio-serial-pci', '-device', 'vmgenid,guid=auto'],
		...['-chardev', `socket,id=port,server=on,wait=off,path=${escaped(socket)}`],
		...['-device', 'virtserialport,chardev=port,name=container-builder'],
	];
}

/** In a list of options a comma is written twice. */
function escaped(text: string): string {
	return text.replaceAll(',', ',,');
}
