import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatError } from '../../../factory/errors';
import { buildWheels } from '../../../factory/lock/pypi/build-wheels';
import { needsWheel, wrongSetuptools } from '../../../factory/lock/pypi/setuptools';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { servePythonIndex, wheelOf } from '../../python-index';
import { refusal } from '../spec/support';

const home = resolve(__dirname, '..', '..', '..');
const setuptools = (version: string): { name: string; version: string }[] => [
  { name: 'setuptools', version },
];

describe('a setuptools', () => {
  it.each([
    ['40.9.0', '3.13.5', '66.1'],
    ['59.8.0', '3.12.1', '66.1'],
    ['66.0.0', '3.13.5', '66.1'],
    ['66.1.0', '3.13.5', undefined],
    ['66.1', '3.14.0', undefined],
    ['80.9.0', '3.13.5', undefined],
    ['41.0.1', '3.11.7', '41.1'],
    ['41.1.0', '3.9.18', undefined],
    ['59.8.0', '3.11.7', undefined],
    ['59.8.0', '3.10.13', undefined],
    ['40.9.0', '3.8.18', undefined],
    ['44.1.1', '2.7.18', undefined],
  ])('%s on Python %s: a release from %s on is needed', (version, python, first) => {
    const wrong = wrongSetuptools(setuptools(version), python);
    if (first === undefined) {
      expect(wrong).toBeUndefined();
    } else {
      expect(wrong?.what).toContain(`setuptools ${version} does not run on Python ${python}`);
      expect(wrong?.hint).toContain(`setuptools>=${first} `);
    }
  });

  it.each([
    ['70.0.0', true],
    ['9.0', true],
    ['70.1.0', false],
    ['80.9.0', false],
  ])('%s needs the package wheel: %s', (version, expected) => {
    expect(needsWheel(setuptools(version))).toBe(expected);
    expect(needsWheel([...setuptools(version), { name: 'wheel', version: '0.45.1' }])).toBe(false);
  });

  it('that is not there is not judged', () => {
    expect(wrongSetuptools([{ name: 'flit-core', version: '3.0' }], '3.13.5')).toBeUndefined();
    expect(needsWheel([{ name: 'flit-core', version: '3.0' }])).toBe(false);
  });
});

describe('what builds the code package, resolved by uv', () => {
  let index: Awaited<ReturnType<typeof servePythonIndex>>;
  beforeAll(async () => {
    index = await servePythonIndex([
      ...['40.9.0', '59.8.0', '68.2.2', '80.9.0'].map((version) => wheelOf('setuptools', version)),
      wheelOf('wheel', '0.45.1'),
      wheelOf('tomli', '2.0.1'),
    ]);
  });
  afterAll(() => {
    index.close();
  });

  const lock = async (python: string, ...requires: string[]): Promise<string[]> => {
    const ports = { exec: hostExec, base: () => Promise.resolve(index.url) };
    const pins = await buildWheels({ requires, python, glibc: '2.41', home }, ports);
    return pins.map(({ name, version }) => `${name} ${version}`);
  };

  it.each([
    ['3.13.5', ['setuptools>=40.8.0'], ['setuptools 80.9.0']],
    ['3.13.5', ['setuptools<70'], ['setuptools 68.2.2', 'wheel 0.45.1']],
    ['3.11.7', ['setuptools<60'], ['setuptools 59.8.0', 'wheel 0.45.1']],
    // This machine's Python decides nothing.
    ['3.10.13', ['setuptools', 'tomli; python_version < "3.11"'], ['setuptools 80.9.0', 'tomli 2.0.1']],
    ['3.13.5', ['setuptools', 'tomli; python_version < "3.11"'], ['setuptools 80.9.0']],
    ['3.13.5', ['setuptools', 'tomli; sys_platform == "win32"'], ['setuptools 80.9.0']],
  ])('for Python %s: %j', async (python, requires, expected) => {
    expect(await lock(python, ...requires)).toEqual(expected);
  });

  it.each([
    ['3.13.5', 'setuptools==40.*', ['setuptools 40.9.0 does not run on Python 3.13.5', 'setuptools>=66.1']],
    ['3.13.5', 'setuptools<60', ['setuptools 59.8.0 does not run on Python 3.13.5', 'distutils']],
    ['3.11.7', 'setuptools==40.*', ['setuptools 40.9.0 does not run on Python 3.11.7', 'HTMLParser']],
  ])('for Python %s, %s is refused before anything is baked', async (python, requires, says) => {
    const error = await refusal(() => lock(python, requires));
    expect(error).toMatchObject({ code: 'unresolvable' });
    for (const each of [requires, ...says]) expect(formatError(error)).toContain(each);
  });
});
