import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ControlGroups, parseGroupMounts } from '../src/control-groups.js';
import { groupDirectories, groupLimits, groupPlan } from '../src/group-plan.js';

const MOUNTS_1 = `22 27 0:21 / /proc rw,relatime - proc proc rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/c\\040group/pids rw,relatime - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const LIMITS = { memoryBytes: 1024.5, cpus: 1.5, processes: 64, diskBytes: 7 };
const version1: ControlGroups = {
	version: 1,
	hierarchies: { memory: '/g/memory', pids: '/g/pids', cpu: '/g/cpu', freezer: '/g/freezer' },
	swap: true,
};
const version2: ControlGroups = { version: 2, base: '/g', controllers: ['memory', 'pids', 'cpu'] };

describe('control groups', () => {
	test('are found where they are mounted', () => {
		expect(parseGroupMounts(MOUNTS_1, '9:memory:/x\n0::/user.slice/a\n')).toEqual({
			hierarchies: {
				cpu: '/sys/fs/cgroup/cpu,cpuacct',
				memory: '/sys/fs/cgroup/memory',
				pids: '/sys/fs/c group/pids',
			},
			unified: '/sys/fs/cgroup/unified',
			own: '/user.slice/a',
		});
		expect(parseGroupMounts('', '')).toEqual({ hierarchies: {}, unified: undefined, own: '/' });
	});

	test('enforce what they have a controller for', () => {
		expect(groupLimits(version1)).toEqual(['memoryBytes', 'cpus', 'processes']);
		expect(groupLimits(version2)).toEqual(['memoryBytes', 'cpus', 'processes']);
		expect(groupLimits({ version: 2, base: '/g', controllers: ['pids'] })).toEqual(['processes']);
		expect(groupLimits({ version: 1, hierarchies: { memory: '/m' }, swap: false })).toEqual(['memoryBytes']);
		expect(groupLimits({ version: 'none' })).toEqual([]);
	});

	test('of version 1: one in each hierarchy, limits before anybody enters', () => {
		expect(groupPlan(version1, 'x', LIMITS)).toEqual([
			'make /g/memory/container-builder/x',
			'make /g/pids/container-builder/x',
			'make /g/cpu/container-builder/x',
			'make /g/freezer/container-builder/x',
			'set /g/memory/container-builder/x/memory.limit_in_bytes 1024',
			'set /g/memory/container-builder/x/memory.memsw.limit_in_bytes 1024',
			'set /g/pids/container-builder/x/pids.max 64',
			'set /g/cpu/container-builder/x/cpu.cfs_period_us 100000',
			'set /g/cpu/container-builder/x/cpu.cfs_quota_us 150000',
			'enter /g/memory/container-builder/x/cgroup.procs',
			'enter /g/pids/container-builder/x/cgroup.procs',
			'enter /g/cpu/container-builder/x/cgroup.procs',
			'enter /g/freezer/container-builder/x/cgroup.procs',
			'helper /g/freezer/container-builder/x/cgroup.procs',
		]);
		expect(groupDirectories(version1)).toContain('/g/pids/container-builder');
	});

	test('of version 1: hierarchies that hold several controllers are named once', () => {
		const groups: ControlGroups = {
			version: 1,
			hierarchies: { memory: '/g/all', pids: '/g/all' },
			swap: false,
		};
		expect(groupPlan(groups, 'x', { processes: 9 })).toEqual([
			'make /g/all/container-builder/x',
			'set /g/all/container-builder/x/pids.max 9',
			'enter /g/all/container-builder/x/cgroup.procs',
		]);
		expect(groupDirectories(groups)).toEqual(['/g/all/container-builder']);
	});

	test('of version 2: controllers are handed down, helpers are beside the machine', () => {
		const lines = groupPlan(version2, 'x', LIMITS);
		const group = '/g/container-builder/x';
		expect(lines[0]).toBe(`make ${group}`);
		for (const above of ['/g', '/g/container-builder', group]) {
			for (const controller of ['memory', 'pids', 'cpu']) {
				expect(lines).toContain(`enable ${above}/cgroup.subtree_control +${controller}`);
			}
		}
		expect(lines.slice(lines.indexOf(`make ${group}/machine`))).toEqual([
			`make ${group}/machine`,
			`make ${group}/helper`,
			`set ${group}/machine/memory.max 1024`,
			`enable ${group}/machine/memory.swap.max 0`,
			`set ${group}/machine/pids.max 64`,
			`set ${group}/machine/cpu.max 150000 100000`,
			`enter ${group}/machine/cgroup.procs`,
			`helper ${group}/helper/cgroup.procs`,
		]);
	});

	test('any plan sets only what was asked for, in groups that it made', () => {
		const limits = fc.record(
			{
				memoryBytes: fc.integer({ min: 1 }),
				cpus: fc.double({ min: 0.001, max: 512, noNaN: true }),
				processes: fc.integer({ min: 1 }),
			},
			{ requiredKeys: [] },
		);
		fc.assert(
			fc.property(fc.constantFrom(version1, version2), limits, (groups, wanted) => {
				const plan = groupPlan(groups, 'name', wanted).map((line) => line.split(' '));
				const made = plan.filter(([verb]) => verb === 'make').map(([, path]) => path ?? '');
				for (const [verb, path = '', value = ''] of plan) {
					if (verb === 'make' || verb === 'enable') continue;
					expect(made).toContain(path.slice(0, path.lastIndexOf('/')));
					if (verb === 'set') expect(value).toMatch(/^\d+$/);
				}
				const sets = plan.filter(([verb]) => verb === 'set').map(([, path]) => path);
				expect(sets.some((path) => path?.includes('memory'))).toBe(wanted.memoryBytes !== undefined);
				expect(sets.some((path) => path?.includes('cpu.'))).toBe(wanted.cpus !== undefined);
				expect(sets.some((path) => path?.includes('pids.max'))).toBe(wanted.processes !== undefined);
			}),
		);
	});
});
