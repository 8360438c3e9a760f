import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CondaInput,
  DebianInput,
  fileName,
  Lock,
  PypiInput,
  type Input,
} from '../../../factory/contracts/lock';
import { serialise } from '../../../factory/lock/serialise';
import { refusal } from '../spec/support';
import { lockOf } from './support';

const wheel = (file: string, change: Partial<PypiInput> = {}): PypiInput => ({
  use: 'code',
  source: 'pypi',
  name: 'w',
  version: '1',
  file,
  size: 1,
  sha256: '0'.repeat(64),
  ...change,
});
const conda = (file: string): CondaInput => ({
  ...{ use: 'conda', source: 'conda', name: 'c', version: '1', build: '0', channel: 'example' },
  ...{ subdir: 'noarch', file, size: 1, sha256: '1'.repeat(64) },
});
const deb = (path: string): DebianInput => ({
  ...{ use: 'os', source: 'debian', name: 'd', version: '1', arch: 'all', archive: 'debian' },
  ...{ path, size: 1, sha256: '2'.repeat(64) },
});

/** What may not be a file's name, and why. */
const HOSTILE: Readonly<Record<string, string>> = {
  'a way out of its folder': '../../../../tmp/x.whl',
  'an absolute path': '/tmp/x.whl',
  'a folder': 'a/x.whl',
  'the folder itself': '.',
  'the folder above': '..',
  nothing: '',
  'a NUL': 'x\0.whl',
  'a line feed': 'x\n.whl',
  'a terminal escape': 'x\u001b[2J.whl',
  'a mark that turns the text around': 'x\u202elhw.whl',
  'a space': 'x y.whl',
  'an option of a program': '-rf.whl',
  'a hidden file': '.whl',
  'more bytes than a file system takes': `${'x'.repeat(300)}.whl`,
  'more bytes than characters': `${'é'.repeat(130)}.whl`,
  'a backslash': String.raw`..\x.whl`,
};

describe('the name of a locked file', () => {
  describe.each(Object.entries(HOSTILE))('that is %s', (_, name) => {
    it.each<[string, { safeParse: (value: unknown) => { success: boolean } }, Input]>([
      ['PyPI', PypiInput, wheel(name)],
      ['a conda channel', CondaInput, conda(name)],
      ['Debian', DebianInput, deb(`pool/main/${name}`)],
    ])('is refused where it came from %s', async (source, schema, input) => {
      // A path may have folders.
      if (source === 'Debian' && name === 'a/x.whl') return;
      expect(schema.safeParse(input).success).toBe(false);
      const fault = await refusal(() => serialise(lockOf([input])));
      expect(fault.code).toBe('unlockable');
      expect(fault.faults.map(({ where }) => where).join()).toContain(`${input.source} ${input.name} 1`);
      expect(JSON.stringify(fault.faults)).not.toContain('\\u001b');
    });
  });

  it.each([
    'pip-25.0-py3-none-any.whl',
    'libc6_2.41+x~1_amd64.deb',
    'gcc_4%3a14.2.0-1_amd64.deb',
    '_libgcc_mutex-0.1-conda_forge.tar.bz2',
    'été.whl',
    '\u4f8b.jar',
  ])('%s is one', (name) => {
    expect(PypiInput.safeParse(wheel(name)).success).toBe(true);
    expect(DebianInput.safeParse(deb(`pool/main/${name}`)).success).toBe(true);
  });

  it('lies in the folder that it is put into, whatever the lock takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        fc.pre(PypiInput.safeParse(wheel(name)).success);
        expect(join('/inputs', fileName(wheel(name)))).toBe(`/inputs/${name}`);
        expect(name).not.toMatch(/^[-.]|[/\\\0]/);
      }),
    );
  });
});

describe('two inputs of one name', () => {
  const two = [wheel('x.whl'), wheel('x.whl', { name: 'other', sha256: '3'.repeat(64) })];

  it('are refused for one use, and both are named', async () => {
    const result = Lock.safeParse(lockOf(two));
    expect(result.error?.issues).toMatchObject([
      { path: ['inputs', 1], message: 'x.whl is the file name of w 1, too, which is for code as well' },
    ]);
    const fault = await refusal(() => serialise(lockOf(two)));
    expect(fault.faults.map(({ where }) => where)).toEqual(['pypi other 1']);
  });

  it('stand in different folders for different uses', () => {
    const apart = two.map((input, index) => ({ ...input, use: index === 0 ? 'code' : 'spark' }));
    expect(Lock.safeParse(lockOf(apart)).success).toBe(true);
  });
});
