import { expect, test } from 'vitest';
import type { Exec } from '../../../factory/ports/machine/exec';
import { fakeSystem } from '../../../factory/ports/machine/system-fake';
import { namespaceFaults, rerunAsRoot, tryNamespace } from '../../../factory/bake/user-namespace';

const programs = ['newuidmap', 'newgidmap'];
const files = { '/etc/subuid': 'anna:1:2\nbaker:100000:65536\n', '/etc/subgid': '1000:100000:65536\n' };
const lacking = (change: Parameters<typeof fakeSystem>[0]) =>
  namespaceFaults(fakeSystem({ user: 1000, programs, files, ...change }), 'baker');

test('a user with ids by name or by number, on a kernel that forbids nothing, lacks nothing', () => {
  expect(lacking({})).toEqual([]);
  const switches = {
    '/proc/sys/kernel/unprivileged_userns_clone': '1\n',
    '/proc/sys/user/max_user_namespaces': '96365\n',
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '0\n',
  };
  expect(lacking({ files: { ...files, ...switches } })).toEqual([]);
});

test.each([
  ['newuidmap', { programs: ['newgidmap'] }, 'newuidmap', 'apt-get install uidmap'],
  ['user ids', { files: { '/etc/subgid': files['/etc/subgid'] } }, '/etc/subuid', 'usermod --add-subuids'],
  [
    'enough group ids',
    { files: { ...files, '/etc/subgid': 'baker:100000:1000\n' } },
    '/etc/subgid',
    'usermod --add-subgids',
  ],
  [
    'namespaces for users, by the kernel',
    { files: { ...files, '/proc/sys/kernel/unprivileged_userns_clone': '0\n' } },
    '/proc/sys/kernel/unprivileged_userns_clone',
    'sysctl -w kernel.unprivileged_userns_clone=1',
  ],
  [
    'any namespace',
    { files: { ...files, '/proc/sys/user/max_user_namespaces': '0\n' } },
    '/proc/sys/user/max_user_namespaces',
    'sysctl -w user.max_user_namespaces',
  ],
  [
    'namespaces for users, by AppArmor',
    { files: { ...files, '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' } },
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    'profile',
  ],
])('who lacks %s is told where and the way out', (_, change, where, hint) => {
  const faults = lacking(change);
  expect(faults.map((fault) => fault.where)).toEqual([where]);
  expect(faults[0]?.hint).toContain(hint);
});

test('all that is lacking is told in one go', () => {
  expect(lacking({ programs: [], files: {} })).toHaveLength(4);
});

const answering = (code: number): Exec => ({
  run: () => Promise.resolve({ code, stdout: '', stderr: 'unshare: not today\n' }),
});

test('what counts is the trial: a switch that a profile overrules is no fault', async () => {
  const system = fakeSystem({ user: 1000, programs: [], files: {} });
  expect(await tryNamespace(answering(0), system)).toEqual([]);
  expect(await tryNamespace(answering(1), system)).toHaveLength(4);
});

test('without a namespace a bake does not begin, and says all that is in the way', async () => {
  await expect(rerunAsRoot(answering(1), fakeSystem({ user: 1000 }))).rejects.toMatchObject({
    code: 'no-user-namespace',
    exitCode: 3,
    faults: { length: 4 },
  });
});

test('root goes on as it is', async () => {
  expect(await rerunAsRoot(answering(1), fakeSystem({ user: 0 }))).toBe(false);
});
