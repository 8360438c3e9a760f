import { expect, test } from 'vitest';
import { diagnose, diagnosisText } from '../../../factory/doctor';
import { parsePackages } from '../../../factory/doctor/packages';
import type { Exec, RunResult } from '../../../factory/ports/machine/exec';
import { FakeHttp } from '../../../factory/ports/inputs/http-fake';
import { FakeMirrors } from '../../../factory/ports/inputs/mirrors-fake';
import { fakeSystem } from '../../../factory/ports/machine/system-fake';

const places = { root: '/project', home: '/kiln', cache: '/cache' };
const bases = { debian: 'http://d', 'debian-security': 'http://s', pypi: 'http://p', maven: 'http://m' };
const pages = {
  'http://d/dists/stable/Release': {},
  'http://s/dists/stable-security/Release': {},
  'http://p/pyspark/': {},
  'http://m/org/apache/hadoop/hadoop-aws/maven-metadata.xml': {},
};
const files = {
  '/kiln/tools/packages': '# comment\nmtools mcopy # kiln bake\novmf /fw.fd # kiln verify\n',
  '/fw.fd': '',
  '/kiln/.venv/bin/python': '',
  '/cache/terraform/config.tfrc': '',
  '/cache/terraform/mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64': '',
  '/dev/loop-control': '',
  '/proc/filesystems': 'nodev\toverlay\n\terofs\n',
};
const programs = ['mcopy', 'unshare', 'terraform'];

/** Every program answers a version, but those that shall fail. */
const exec = (fails: readonly string[] = []): Exec => ({
  run: (program): Promise<RunResult> =>
    Promise.resolve(
      fails.some((name) => program.endsWith(`/${name}`))
        ? { code: 1, stdout: '', stderr: 'Operation not permitted' }
        : { code: 0, stdout: 'v1.11.4', stderr: '' },
    ),
});

type Acceleration = { accelerator: 'kvm' | 'tcg'; reason: string };
const works: Acceleration = { accelerator: 'kvm', reason: 'KVM booted a probe' };

const look = (
  options: Parameters<typeof fakeSystem>[0],
  fails?: readonly string[],
  answers = pages,
  kvm = works,
) =>
  diagnose(
    {
      system: fakeSystem({ files, programs, ...options }),
      exec: exec(fails),
      http: new FakeHttp(answers),
      mirrors: new FakeMirrors(bases),
      acceleration: () => Promise.resolve(kvm),
    },
    places,
  );

const without = (path: string) => Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));

test('a machine that has everything is good', async () => {
  const diagnosis = await look({});
  expect(diagnosis.findings.filter(({ state }) => state !== 'here')).toEqual([]);
  expect(diagnosis.ok).toBe(true);
  expect(diagnosisText(diagnosis)).toMatch(/Everything is here\.$/);
});

test.each([
  ['root', { user: 1000 }, 'root'],
  ['a tool', { programs: ['unshare', 'terraform'] }, 'mtools'],
  ['a file of a package', { files: without('/fw.fd') }, 'ovmf'],
  ['Terraform', { programs: ['mcopy', 'unshare'] }, 'Terraform'],
  ['the virtual environment', { files: without('/kiln/.venv/bin/python') }, 'Python libraries'],
  ['the providers', { files: without('/cache/terraform/config.tfrc') }, 'Terraform providers'],
  ['loop devices', { files: without('/dev/loop-control') }, 'loop devices'],
  ['a file system', { files: { ...files, '/proc/filesystems': '\terofs\n' } }, 'overlay in the kernel'],
  ['disk space', { freeBytes: 1024 ** 3 }, 'disk space for the cache'],
  ['a newer Node', { node: '18.20.1' }, 'Node.js'],
] as const)('%s that is lacking is named with what it means and the way out', async (_, options, subject) => {
  const { ok, findings } = await look(options);
  const finding = findings.find((f) => f.subject === subject);
  expect(ok).toBe(false);
  expect(finding).toMatchObject({ state: 'lack' });
  expect(finding?.means).not.toBe(undefined);
  expect(finding?.remedy).not.toBe(undefined);
});

test('OpenTofu that tools/setup brought counts as Terraform', async () => {
  const { ok } = await look({
    programs: ['mcopy', 'unshare'],
    files: { ...files, '/cache/tools/opentofu-1.12.6/tofu': '' },
  });
  expect(ok).toBe(true);
});

test('a machine that may not make namespaces lacks them, with the kernel’s own word', async () => {
  const { findings } = await look({}, ['unshare']);
  expect(findings.find(({ subject }) => subject === 'namespaces')).toMatchObject({
    state: 'lack',
    detail: 'Operation not permitted',
  });
});

test('an ordinary user who may not make a user namespace is told what keeps them from it', async () => {
  const { findings } = await look({ user: 1000, programs: [...programs, 'newuidmap', 'newgidmap'] }, [
    'unshare',
  ]);
  const finding = findings.find(({ subject }) => subject === 'namespaces');
  expect(finding).toMatchObject({ state: 'lack' });
  expect(finding?.remedy).toContain('usermod --add-subuids');
});

test('a registry that refuses is lacking', async () => {
  const { findings } = await look({}, [], { ...pages, 'http://p/pyspark/': { status: 403 } });
  expect(findings.find(({ subject }) => subject === 'registry pypi')).toMatchObject({
    state: 'lack',
    detail: 'answers with status 403',
  });
});

test('a store of ours on the port is worth a note and no lack', async () => {
  const { ok, findings } = await look({
    ports: { 7443: { pid: 7, name: 'radosgw', store: '/p/.kiln/store' } },
  });
  expect(ok).toBe(true);
  expect(findings.find(({ subject }) => subject === 'port 7443')).toMatchObject({
    state: 'note',
    means: 'it is the object store of /p/.kiln/store',
  });
});

test('a machine without KVM is told what that means and lacks nothing', async () => {
  const { ok, findings } = await look({}, [], pages, {
    accelerator: 'tcg',
    reason: 'this machine has no /dev/kvm',
  });
  expect(ok).toBe(true);
  expect(findings.find(({ subject }) => subject === 'KVM')).toMatchObject({
    state: 'note',
    detail: 'this machine has no /dev/kvm',
  });
});

test('tools/packages is read by line: package, signs, purpose', () => {
  expect(parsePackages('# c\nlibx mvn /usr/share/x.jar   # kiln lock: why\n\n')).toEqual([
    { package: 'libx', signs: ['mvn', '/usr/share/x.jar'], purpose: 'kiln lock: why' },
  ]);
});
