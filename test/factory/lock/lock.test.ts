import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Input, Lock } from '../../../factory/contracts/lock';
import { readLocked, updateLock } from '../../../factory/lock';
import { readAsked } from '../../../factory/lock/asked';
import { changes } from '../../../factory/lock/compare';
import type { LockPorts } from '../../../factory/lock/make-lock';
import { serialise } from '../../../factory/lock/serialise';
import type { Exec } from '../../../factory/ports/machine/exec';
import { FakeHttp } from '../../../factory/ports/inputs/http-fake';
import { FakeMaven } from '../../../factory/ports/inputs/maven-fake';
import { FakeMirrors } from '../../../factory/ports/inputs/mirrors-fake';
import type { Project } from '../../../factory/project';
import { ENVIRONMENT, SPEC, projectOf, refusal } from '../spec/support';
import { lockOf } from './support';

/** Nothing runs. */
const exec: Exec = {
  run: (program) => Promise.reject(new Error(`the test did not expect ${program}`)),
};

/** No registry may be asked. */
const noNetwork: LockPorts = {
  exec,
  http: new FakeHttp({}),
  mirrors: new FakeMirrors({}),
  channels: { base: () => Promise.reject(new Error('no channel')), close: () => Promise.resolve() },
  keep: () => Promise.reject(new Error('no download')),
  maven: new FakeMaven({}),
  file: () => Promise.reject(new Error('no download')),
  files: () => Promise.reject(new Error('no download')),
  step: () => undefined,
};

function currentLock(project: Project): Lock {
  const asked = readAsked(project);
  return lockOf([], { spec: asked.digest, choices: asked.resolution.choices });
}

function locked(files: Record<string, string> = {}): Project {
  const project = projectOf(files);
  writeFileSync(project.lock, serialise(currentLock(project)));
  return project;
}

describe('a lock that answers its specification', () => {
  it('is read with the digest of its bytes', () => {
    const { lock, digest } = readLocked(locked());
    expect(lock.image).toBe('spark-node');
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('is neither resolved again nor rewritten', async () => {
    const project = locked();
    const before = statSync(project.lock, { bigint: true });
    expect(await updateLock(project, noNetwork, false)).toMatchObject({ result: 'current', changes: [] });
    const after = statSync(project.lock, { bigint: true });
    expect([after.mtimeNs, after.ino]).toEqual([before.mtimeNs, before.ino]);
  });

  it.each([
    ['a comment', 'factory.yaml', `# why\n${SPEC}`],
    ['a further channel', 'factory.yaml', `${SPEC}  production: {}\n`],
    ['where the registry is', 'factory.yaml', `${SPEC}registry: elsewhere\n`],
    ['where a conda channel lies', 'factory.yaml', SPEC.replace('example: channel', 'example: other')],
    [
      'the order of dependencies',
      'environment.yml',
      ENVIRONMENT.replace('python=3.13, numpy', 'numpy, python=3.13'),
    ],
    ['a comment in a package list', 'images/layers/os/packages', 'udev\nsystemd\n'],
  ])('stays good after a change of %s', (_, file, text) => {
    const project = locked();
    writeFileSync(join(project.root, file), text);
    expect(readLocked(project)).toBeDefined();
  });
});

describe('a stale lock', () => {
  it.each([
    ['factory.yaml', SPEC.replace('4.1.4', '4.1.3'), 'spark is 4.1.3, locked 4.1.4'],
    [
      'factory.yaml',
      SPEC.replace('image: spark-node', 'image: other'),
      'image is other, locked for spark-node',
    ],
    ['factory.yaml', `${SPEC}java: 17\n`, 'java is 17, locked 21'],
    ['factory.yaml', `${SPEC}debs: [htop]\n`, 'debs has htop, which is not locked'],
    [
      'factory.yaml',
      `${SPEC}maven: ['org.example:udf:1.0']\n`,
      'maven has org.example:udf:1.0, which is not locked',
    ],
    ['factory.yaml', `${SPEC}samples: [data==1.0]\n`, 'samples has data==1.0, which is not locked'],
    ['environment.yml', ENVIRONMENT.replace('numpy', 'pandas'), 'environment.yml'],
    ['images/layers/os/packages', 'systemd\n', "kiln's package lists"],
  ])('%s: says what differs and names the way out', async (file, text, what) => {
    const project = locked();
    writeFileSync(join(project.root, file), text);
    const error = await refusal(() => readLocked(project));
    expect(error).toMatchObject({ code: 'lock-stale', exitCode: 1, hint: 'lock again: kiln lock' });
    expect(error.faults.map((f) => f.what).join('\n')).toContain(what);
  });

  it('keeps every pin and asks no registry when only the treatment of inputs differs', async () => {
    const project = projectOf();
    const pin: Input = {
      use: 'jars',
      source: 'maven',
      name: 'org.example:udf',
      version: '1.0',
      path: 'org/example/udf/1.0/udf-1.0.jar',
      size: 1,
      sha256: '0'.repeat(64),
    };
    const before = { ...currentLock(project), inputs: [pin] };
    writeFileSync(project.lock, serialise(before));
    const without = '  without: [share/man, include]';
    writeFileSync(project.spec, `${SPEC.replace(/^conda:$/m, `conda:\n${without}`)}jars: full\n`);
    const error = await refusal(() => readLocked(project));
    expect(error.faults.map((f) => f.what)).toEqual([
      'jars is full, locked slim',
      'sdkClasses is full, locked slim',
      'conda.without is include, share/man, locked nothing',
    ]);
    const { lock, result, changes: told } = await updateLock(project, noNetwork, false);
    expect([result, told]).toEqual([
      'written',
      ['jars: slim -> full', 'sdkClasses: slim -> full', 'conda.without: nothing -> include, share/man'],
    ]);
    expect({
      ...lock,
      choices: { ...lock.choices, jars: before.choices.jars, sdkClasses: before.choices.sdkClasses },
      condaWithout: [],
    }).toEqual(before);
    expect(readLocked(project)).toBeDefined();
  });

  it('is left as it was when a registry fails', async () => {
    const project = locked();
    const before = readFileSync(project.lock, 'utf8');
    await expect(updateLock(project, noNetwork, true)).rejects.toThrow();
    expect(readFileSync(project.lock, 'utf8')).toBe(before);
  });
});

describe('a lock that is not there, or is none', () => {
  it('names the command that makes it', async () => {
    const error = await refusal(() => readLocked(projectOf()));
    expect(error).toMatchObject({ code: 'lock-missing', exitCode: 1, hint: 'make it: kiln lock' });
  });

  it.each([
    ['cut short', '{"version": 1,', 'factory.lock.json'],
    ['of another form', '{"version": 2}', 'factory.lock.json: version'],
  ])('%s: is refused', async (_, text, where) => {
    const project = projectOf({ 'factory.lock.json': text });
    const error = await refusal(() => readLocked(project));
    expect(error).toMatchObject({
      code: 'lock-invalid',
      exitCode: 1,
      hint: 'make it anew: kiln lock --refresh',
    });
    expect(error.faults.map((f) => f.where)).toContain(where);
  });

  it('a path with a host in it is refused', async () => {
    const project = projectOf();
    const jar: Input = {
      use: 'jars',
      source: 'maven',
      name: 'a:b',
      version: '1',
      path: 'a/b/1/b-1.jar',
      size: 1,
      sha256: '0'.repeat(64),
    };
    const good = serialise({ ...currentLock(project), inputs: [jar] });
    writeFileSync(project.lock, good.replace('a/b/1', 'http://host/a/b/1'));
    expect(await refusal(() => readLocked(project))).toMatchObject({ code: 'lock-invalid' });
  });
});

describe('a conda package of a lock', () => {
  const conda = (name: string, version: string, channel = 'conda-forge'): Input => ({
    ...{ use: 'conda', source: 'conda', name, version, build: '0', channel, subdir: 'linux-64' },
    ...{ file: `${name}-${version}-0.conda`, size: 1, sha256: '0'.repeat(64) },
  });
  const lockedWith = (input: Input): Project => {
    const project = projectOf();
    writeFileSync(project.lock, serialise({ ...currentLock(project), inputs: [input] }));
    return project;
  };

  it.each(['https://conda.example.com/t/s3cret/team', 'file:///srv/channel', '/srv/channel', ''])(
    'is refused when its channel is %j, which is no name',
    async (channel) => {
      const project = lockedWith(conda('numpy', '2'));
      const named = readFileSync(project.lock, 'utf8');
      writeFileSync(project.lock, named.replace('"conda-forge"', JSON.stringify(channel)));
      const error = await refusal(() => readLocked(project));
      expect(error.code).toBe('lock-invalid');
      expect(error.faults.map(({ where }) => where)).toEqual(['factory.lock.json: inputs.0.channel']);
      expect(JSON.stringify(error.faults)).not.toContain('s3cret');
    },
  );

  it.each([
    ['3.9.18', ['Spark 4.1 runs on Python 3.10 or later, locked is Python 3.9.18']],
    ['3.13.5', []],
  ])('that is Python %s has these reasons to lock again: %j', async (version, reasons) => {
    const project = lockedWith(conda('python', version));
    if (reasons.length === 0) {
      expect(readLocked(project).lock.inputs).toHaveLength(1);
      return;
    }
    const error = await refusal(() => readLocked(project));
    expect(error.code).toBe('lock-stale');
    expect(error.faults.map(({ what }) => what)).toEqual(reasons);
  });
});

describe('the summary of what changed', () => {
  const deb = (name: string, version: string, sha: string): Input => ({
    use: 'os',
    source: 'debian',
    name,
    version,
    arch: 'amd64',
    archive: 'debian',
    path: `pool/${name}.deb`,
    size: 1,
    sha256: sha.repeat(64),
  });

  it('names upgrades, additions, removals and files that changed under the same version', () => {
    const before = lockOf([deb('a', '1', '0'), deb('b', '1', '0'), deb('c', '1', '0'), deb('e', '1', '0')]);
    const after = lockOf([deb('a', '2', '1'), deb('b', '1', '2'), deb('d', '1', '3'), deb('e', '1', '0')]);
    expect(changes(before, after)).toEqual([
      'os debian a: 1 -> 2',
      'os debian b: 1, another file',
      'os debian d: added 1',
      'os debian c: removed 1',
    ]);
  });
});
